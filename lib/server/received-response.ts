import type { AsyncCallError } from '../errors/async-call-error.js';
import type { HandledResponse } from '../protocol/handled-response.js';

/** What every response has that comes to a handler. */
interface ReceivedHead<S> {
  /** The response's own id. */
  readonly id: string;
  /** The id of the request that it answers; the same for all responses of a call. */
  readonly requestId: string;
  /** Its place in the stream, from 0. For `complete` and `error`: the number of values before it. */
  readonly seq: number;
  /** The service that was called. */
  readonly service: string;
  /** The endpoint that was called, e.g. `/show-me-the-money`. */
  readonly endpoint: string;
  /** What the caller has given with the call; `undefined` if nothing. */
  readonly state: S;
}

interface ReceivedValue<T> {
  /** A value, `last` if it is also the end of the stream. */
  readonly kind: 'next' | 'last';
  readonly value: T;
  readonly error?: undefined;
  readonly isEnd: boolean;
}

interface ReceivedEnd {
  /** The end, without a value. */
  readonly kind: 'complete';
  readonly value?: undefined;
  readonly error?: undefined;
  readonly isEnd: true;
}

interface ReceivedError {
  /** The end, with what the call has failed with. */
  readonly kind: 'error';
  readonly value?: undefined;
  readonly error: AsyncCallError;
  readonly isEnd: true;
}

/**
 * A response that comes to a handler: one value of the stream, its end, or both. `T` is the type of the values, `S` that of
 * the state. Which of `value` and `error` there is follows from `kind`.
 */
export type ReceivedResponse<T = unknown, S = unknown> = ReceivedHead<S> &
  (ReceivedValue<T> | ReceivedEnd | ReceivedError);

/** What a handler gets of a response whose payload, if it has one, is this value. */
export function receivedResponse(
  { correlationId, call, response }: HandledResponse,
  value: unknown,
): ReceivedResponse {
  const { id, seq, kind } = response;
  const { service, endpoint, state } = call;
  const head = { id, requestId: correlationId.toString('utf8'), seq, service, endpoint, state };
  switch (kind) {
    case 'complete':
      return { ...head, kind, isEnd: true };
    case 'error':
      return { ...head, kind, error: response.error, isEnd: true };
    default:
      return { ...head, kind, value, isEnd: kind === 'last' };
  }
}
