import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { AsyncCallError } from '../errors/async-call-error.js';
import { mapError } from '../server/error-mapping.js';

/** What a client is told of a stream that has failed. */
export interface StreamError {
  readonly statusCode: number;
  /** Of the closed set of codes. */
  readonly code: string;
  readonly message: string;
}

/** A failure, as the client is told of it and as this service sees it. */
export interface SeenError {
  readonly told: StreamError;
  /** Whether it belongs into the log of this service. */
  readonly isLogged: boolean;
}

/**
 * A failure in mid-stream as Nest would answer it before the first event: an HttpException keeps its status and
 * message, an AsyncCallError its status, and its message if that is for clients; everything else is a bare 500.
 */
export function streamError(thrown: unknown): SeenError {
  const { error, unexpected } = mapError(thrown);
  const { statusCode, code } = error;
  const message = isForClients(thrown, error) ? error.message : (STATUS_CODES[statusCode] ?? 'Error');
  return {
    told: { statusCode, code, message },
    isLogged: unexpected || !(thrown instanceof HttpException || error.expose),
  };
}

function isForClients(thrown: unknown, error: AsyncCallError): boolean {
  return thrown instanceof HttpException || error.expose;
}
