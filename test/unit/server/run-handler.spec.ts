import { describe, expect, it } from '@jest/globals';
import { NEVER, Observable, of, range } from 'rxjs';
import { Cutoff } from '../../../lib/delivery/cutoff.js';
import type { AsyncCallContext } from '../../../lib/server/async-call-context.js';
import { runHandler } from '../../../lib/server/run-handler.js';
import type { ResponseSink } from '../../../lib/server/response-sink.js';
import { deferred } from '../support/deferred.js';
import { turn } from '../support/scripted-producer.js';

function setUp(onWrite: (value: unknown) => void = () => undefined) {
  const written: unknown[] = [];
  const write = (value: unknown) => {
    onWrite(value);
    written.push(value);
  };
  const sink: ResponseSink = {
    write,
    writeLast: (value) => written.push([value]),
    complete: () => written.push('end'),
    ready: () => undefined,
    settled: () => Promise.resolve(undefined),
    written: 0,
  };
  const ends = { cutoff: new Cutoff(), notWaitedFor: new Cutoff() };
  const context = {} as AsyncCallContext;
  const run = (result: Promise<unknown>) =>
    runHandler({ handler: (() => result) as never, data: undefined }, context, sink, ends);
  return { written, run, ...ends };
}

describe('runHandler', () => {
  it('writes a value as the last one, and an Observable one by one', async () => {
    const { written, run } = setUp();
    await run(Promise.resolve(7));
    await run(Promise.resolve(of(1, 2)));
    expect(written).toEqual([[7], 1, 2, 'end']);
  });

  it('hands on what the handler and its Observable throw', async () => {
    const { written, run } = setUp();
    const error = new Error('no');
    await expect(run(Promise.reject(error))).rejects.toBe(error);
    const failing = new Observable((subscriber) => subscriber.error(error));
    await expect(run(Promise.resolve(failing))).rejects.toBe(error);
    expect(written).toEqual([]);
  });

  it('ends a source whose value cannot be written, also in the middle of a turn', async () => {
    const error = new Error('too much');
    const { written, run } = setUp((value) => {
      if (value === 3) throw error;
    });
    await expect(run(Promise.resolve(range(0, Number.POSITIVE_INFINITY)))).rejects.toBe(error);
    expect(written).toEqual([0, 1, 2]);
  });

  it('unsubscribes at the cutoff, and is over', async () => {
    const { run, cutoff } = setUp();
    let left = false;
    const ending = run(Promise.resolve(new Observable(() => () => (left = true))));
    await turn();
    cutoff.abort();
    await ending;
    expect(left).toBe(true);
  });

  it('keeps a clean-up that throws from those that are aborted with it', async () => {
    const { run, cutoff } = setUp();
    const [before, after] = [new Cutoff(), new Cutoff()];
    cutoff.onAbort(() => before.abort());
    const source = new Observable(() => () => {
      throw new Error('clean-up');
    });
    const ending = run(Promise.resolve(source));
    await turn();
    cutoff.onAbort(() => after.abort());
    expect(() => cutoff.abort()).not.toThrow();
    await expect(ending).rejects.toThrow('clean-up');
    expect([before.aborted, after.aborted]).toEqual([true, true]);
  });

  it('writes nothing of what comes after the cutoff', async () => {
    const { written, run, cutoff } = setUp();
    cutoff.abort();
    await run(Promise.resolve(7));
    await run(Promise.resolve(NEVER));
    expect(written).toEqual([]);
  });

  it('does not wait for a handler that is not waited for, nor for what it throws then', async () => {
    const { written, run, notWaitedFor, cutoff } = setUp();
    const result = deferred<unknown>();
    const ending = run(result.promise);
    cutoff.abort();
    notWaitedFor.abort();
    await ending;
    result.reject(new Error('late'));
    await turn();
    expect(written).toEqual([]);
  });
});
