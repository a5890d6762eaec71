import type { MessageHandler } from '@nestjs/microservices';
import { from, isObservable, type Observable, tap } from 'rxjs';
import type { Cutoff } from '../delivery/cutoff.js';
import type { HandlerContext } from './handler-context.js';
import type { ResponseSink } from './response-sink.js';

/** A handler and what to hand it. */
export interface HandlerCall {
  readonly handler: MessageHandler;
  readonly data: unknown;
}

/** When a handler's result is not wanted any more. */
export interface HandlerEnds {
  /** What it emits goes nowhere. */
  readonly cutoff: Cutoff;
  /** It is not even waited for: it must not keep a place that another request could have. */
  readonly notWaitedFor: Cutoff;
}

/** Runs the handler and writes what it emits, until it ends or nobody wants its result any more. */
export async function runHandler(
  { handler, data }: HandlerCall,
  context: HandlerContext,
  sink: ResponseSink,
  { cutoff, notWaitedFor }: HandlerEnds,
): Promise<void> {
  const result = await unlessAborted(handler(data, context), notWaitedFor);
  if (cutoff.aborted) return;
  // A handler's result is an Observable, or one value; a filter may return either.
  if (isObservable(result)) await writeAll(from(result), sink, cutoff);
  else sink.writeLast(result);
}

/** What the work comes to, or `undefined` at the abort. */
function unlessAborted<T>(work: Promise<T>, cutoff: Cutoff): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = cutoff.onAbort(() => resolve(undefined));
    work.then(
      (result) => {
        stop();
        resolve(result);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}

/** Resolves at the end of the values, or at the abort, which unsubscribes. */
function writeAll(values: Observable<unknown>, sink: ResponseSink, cutoff: Cutoff): Promise<void> {
  return new Promise((resolve, reject) => {
    // Not the observer writes: what it throws would not end the source.
    const write = tap<unknown>({ next: (value) => sink.write(value), complete: () => sink.complete() });
    const subscription = values.pipe(write).subscribe({ complete: resolve, error: reject });
    cutoff.onAbort(() => {
      try {
        subscription.unsubscribe();
        resolve();
      } catch (error) {
        // The source's own clean-up has failed: that must not keep others from being aborted.
        reject(error);
      }
    });
  });
}
