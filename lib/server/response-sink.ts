import type { AsyncCallError } from '../errors/async-call-error.js';

/** Where the responses of one delivery go. */
export interface ResponseSink {
  /** Takes a value as the next partial response. Throws if it cannot be sent. */
  write(value: unknown): void;
  /** Ends the stream. */
  complete(): void;
  /** Ends the stream with an error. */
  fail(error: AsyncCallError): void;
  /** Resolves when there is room for another response. */
  ready(): Promise<void>;
  /** Resolves when all responses are safe; rejects if one is not. */
  settled(): Promise<void>;
}

/** A one-way call has no responses: what the endpoint returns goes nowhere. */
export class OneWaySink implements ResponseSink {
  constructor(private readonly onError: (error: AsyncCallError) => void) {}

  write(): void {}

  complete(): void {}

  fail(error: AsyncCallError): void {
    this.onError(error);
  }

  async ready(): Promise<void> {}

  async settled(): Promise<void> {}
}
