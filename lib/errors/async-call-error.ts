import { ERROR_STATUS, type ErrorCode } from './error-code.js';

/** What an {@link AsyncCallError} is made of beside its message. */
export interface AsyncCallErrorOptions {
  /** The HTTP status; by default the one of the code. */
  readonly statusCode?: number;
  /** Anything serializable that helps the caller, e.g. the fields that failed validation. */
  readonly details?: unknown;
  /** The error behind this one. It stays in this process: it is never sent. */
  readonly cause?: unknown;
}

/**
 * The one error class of this library: what a caller's Observable fails with, what the client and
 * the server throw, and what an endpoint may throw to choose code, status and details itself.
 *
 * It has the shape of an error of `http-errors`, which Nest, Express and Fastify know: one that leaves an HTTP
 * controller becomes a response with the same status, and with its message if that is below 500.
 */
export class AsyncCallError extends Error {
  /** What went wrong, from a closed set. */
  readonly code: ErrorCode;
  /** The HTTP status of the same meaning, 400 to 599. */
  readonly statusCode: number;
  /** The same as `statusCode`, as `http-errors` has it. */
  readonly status: number;
  /** Whether the message may be shown to HTTP clients: below 500. */
  readonly expose: boolean;
  /** What the failing side added for its caller; `undefined` if nothing. */
  readonly details: unknown;

  constructor(code: ErrorCode, message: string, options: AsyncCallErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.statusCode = options.statusCode ?? ERROR_STATUS[code];
    this.status = this.statusCode;
    this.expose = this.statusCode < 500;
    this.details = options.details;
  }

  /** The error as it is, if it is one of ours; otherwise an `internal` one with it as its cause. */
  static from(error: unknown): AsyncCallError {
    if (error instanceof AsyncCallError) return error;
    return new AsyncCallError('internal', messageOf(error), { cause: error });
  }
}

/** The message of anything that can be thrown. Does not throw, though a getter or a proxy's trap may. */
export function messageOf(error: unknown): string {
  if (typeof error === 'string') return error;
  try {
    if (!(error instanceof Error)) return 'unknown error';
    const message: unknown = error.message || error.name;
    return String(message);
  } catch {
    // It is as unknown as any other.
  }
  return 'unknown error';
}
