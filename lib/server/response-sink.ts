import type { Environment } from '../environment/environment.js';
import type { AsyncCallError } from '../errors/async-call-error.js';

/** Where the responses of one attempt go. */
export interface ResponseSink {
  /** Takes a value as the next partial response. Throws if it cannot be sent. */
  write(value: unknown): void;
  /** Takes the last one: the same as to write it and to complete at once. */
  writeLast(value: unknown): void;
  /** Ends the stream. */
  complete(): void;
  /** Resolves when there is room for another response; `undefined` if there is. */
  ready(): Promise<void> | undefined;
  /** Resolves when all responses are safe, or with why one is not. */
  settled(): Promise<AsyncCallError | undefined>;
  /** How many values have left. */
  readonly written: number;
}

/** A one-way call has no responses: what the endpoint returns goes nowhere. One serves all calls. */
export function noResponses(environment: Environment): ResponseSink {
  return {
    write: () => undefined,
    writeLast: () => undefined,
    complete: () => undefined,
    // A generator without end must leave the event loop to others.
    ready: () => new Promise((resolve) => environment.setImmediate(resolve)),
    settled: () => Promise.resolve(undefined),
    written: 0,
  };
}
