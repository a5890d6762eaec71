import { AsyncCallError } from '../errors/async-call-error.js';
import type { ErrorCode } from '../errors/error-code.js';
import type { AnswerAddress } from './reply-address.js';

/** As much of an undecodable request as is needed to answer it. */
export interface Answerable {
  readonly correlationId: Buffer;
  readonly replyTo: AnswerAddress;
}

/** The only error that decoding throws, whatever the bytes. */
export class DecodeError extends AsyncCallError {
  constructor(
    message: string,
    /** Where to send the reason; `undefined` if the record does not say. */
    readonly answerable?: Answerable,
    options: { readonly code?: ErrorCode; readonly cause?: unknown } = {},
  ) {
    super(options.code ?? 'protocol-error', message, { cause: options.cause });
  }
}
