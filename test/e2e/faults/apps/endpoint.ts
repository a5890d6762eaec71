import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { AsyncCallContext, AsyncEndpoint } from 'nestjs-async-calls';
import { concatMap, defer, delay, finalize, type Observable, of, range, tap } from 'rxjs';
import type { Recorder } from '../history/recorder.js';

/** What a call of the traffic asks for. */
export interface Task {
  readonly call: string;
  readonly number: number;
  readonly parts: number;
  /** Before each response. */
  readonly pauseMs: number;
}

/** A response of the traffic. */
export interface Part {
  readonly answers: string;
  readonly part: number;
}

/** The class of a controller that does tasks and writes down what it does. */
export function recordingEndpoint(instance: string, recorder: Recorder) {
  let runs = 0;
  let running = 0;

  @Controller()
  class RecordingEndpoint {
    /** How many tasks are being done. */
    static get running(): number {
      return running;
    }

    @AsyncEndpoint('/do')
    do(@Payload() task: Task, @Ctx() { key, record, attempt }: AsyncCallContext): Observable<Part> {
      const { call, number, parts, pauseMs } = task;
      return defer(() => {
        const run = `${instance}#${runs++}`;
        const place = { partition: record.partition, offset: Number(record.offset) };
        let complete = false;
        running += 1;
        recorder.record({ kind: 'started', run, call, key, number, attempt, ...place });
        return range(0, parts).pipe(
          concatMap((part) => of({ answers: call, part }).pipe(delay(pauseMs))),
          tap({
            next: ({ part }) => recorder.record({ kind: 'emitted', run, part }),
            complete: () => {
              complete = true;
              recorder.record({ kind: 'finished', run, complete });
            },
          }),
          finalize(() => {
            running -= 1;
            if (!complete) recorder.record({ kind: 'finished', run, complete });
          }),
        );
      });
    }
  }
  return RecordingEndpoint;
}
