import { setImmediate as nextTurn } from 'node:timers/promises';

/** Where the responses of one attempt go. */
export interface ResponseSink {
  /** Takes a value as the next partial response. Throws if it cannot be sent. */
  write(value: unknown): void;
  /** Ends the stream. */
  complete(): void;
  /** Resolves when there is room for another response. */
  ready(): Promise<void>;
  /** Resolves when all responses are safe; rejects if one is not. */
  settled(): Promise<void>;
  /** How many values have left. */
  readonly written: number;
}

/** A one-way call has no responses: what the endpoint returns goes nowhere. */
export const NO_RESPONSES: ResponseSink = {
  write: () => undefined,
  complete: () => undefined,
  // A generator without end must leave the event loop to others.
  ready: () => nextTurn(),
  settled: () => Promise.resolve(),
  written: 0,
};
