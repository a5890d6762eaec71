import type { MessageHeaders } from '../protocol/message-headers.js';
import type { IncomingResponse } from '../protocol/response.js';
import { parseSource } from '../protocol/source.js';

/** One partial response, with what travelled beside its value. */
export interface AsyncCallResponse<T = unknown> {
  readonly value: T;
  /** The response's own id. */
  readonly id: string;
  /** The id of the request that it answers; the same for all responses of a call. */
  readonly requestId: string;
  /** Its place in the stream, from 0. */
  readonly seq: number;
  /**
   * Which delivery of the request it comes from, of those that this call has seen, from 1. It grows when the instance
   * that answered has failed or gone and another attempt answers; see {@link CallOptions.onRedelivery}.
   */
  readonly delivery: number;
  /** Which attempt of the instance that answers produced it, from 1. */
  readonly attempt: number;
  /** The service that answered. */
  readonly service: string | undefined;
  /** The instance of that service. */
  readonly instance: string | undefined;
  /** The response's headers, without the protocol's own. */
  readonly headers: MessageHeaders;
}

/** What a response's value came with, of this delivery of this request. */
export function responseOf(
  value: unknown,
  { id, seq, attempt, source, headers }: IncomingResponse,
  { requestId, delivery }: Pick<AsyncCallResponse, 'requestId' | 'delivery'>,
): AsyncCallResponse {
  const { service, instance } = parseSource(source) ?? {};
  return { value, id, requestId, seq, delivery, attempt, service, instance, headers };
}
