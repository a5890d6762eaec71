import { map, type Observable, take, toArray } from 'rxjs';
import type { AsyncCallResponse } from '../client/async-call-response.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { ServerSentEvent } from './server-sent-event.js';

/**
 * The responses of a call as events that name their request: `sse(client.to('service/endpoint').responses(data))`. The
 * id of each is `<id of the request>/<place in the stream>`.
 */
export function sse<T>(responses: Observable<AsyncCallResponse<T>>): Observable<ServerSentEvent<T>> {
  return responses.pipe(
    map(({ value, requestId, seq }) => new ServerSentEvent(value, { id: `${requestId}/${seq}` })),
  );
}

/**
 * The one response of a call that is to have one: `one(client.send('service/endpoint', data))`. Fails with
 * `protocol-error` (502) if there are more, and gives the call up then, or if there is none. Nest alone would answer with the
 * last of them.
 */
export function one<T>(responses: Observable<T>): Observable<T> {
  return responses.pipe(take(2), toArray(), map(onlyOf));
}

function onlyOf<T>(values: readonly T[]): T {
  if (values.length === 1) return values[0];
  const count = values.length === 0 ? 'no response' : 'more than one response';
  throw new AsyncCallError(
    'protocol-error',
    `The call has ended with ${count}, and its caller expects one. For streams there is @EventStream().`,
  );
}
