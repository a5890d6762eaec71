import { AsyncCallError, type AsyncCallErrorOptions } from './async-call-error.js';
import type { ErrorCode } from './error-code.js';

/** What a handler's own error is made of beside its message. */
export interface HandlerErrorOptions extends AsyncCallErrorOptions {
  /** From the closed set. */
  readonly code?: ErrorCode;
}

/** A failure that another attempt will not mend: it is never retried, whatever its status. Default code `unprocessable`. */
export class TerminalError extends AsyncCallError {
  constructor(message: string, options: HandlerErrorOptions = {}) {
    super(options.code ?? 'unprocessable', message, options);
  }
}

/** What a retryable error is made of beside its message. */
export interface RetryableErrorOptions extends HandlerErrorOptions {
  /** How long to wait at least before the next attempt, in milliseconds. Default: what the retry policy says. */
  readonly retryAfterMs?: number;
}

/** A failure that another attempt may mend: it is retried, whatever its status. Default code `unavailable`. */
export class RetryableError extends AsyncCallError {
  /** How long to wait at least before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: RetryableErrorOptions = {}) {
    super(options.code ?? 'unavailable', message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}
