import { AsyncCallError } from '../errors/async-call-error.js';
import type { EndpointAddress } from '../protocol/endpoint-address.js';
import type { ReplyAddress } from '../protocol/reply-address.js';
import type { RequestKind } from '../protocol/request.js';
import { encodeAnsweredCall } from '../protocol/response-state.js';
import type { CallOptions } from './call-options.js';

/**
 * Where the responses of a call go that leaves them to handlers; `undefined` for a call that does not. Throws
 * `invalid-argument` where that cannot be.
 */
export function handlersAddress(
  kind: RequestKind,
  { responses, state }: CallOptions,
  { service, endpoint }: EndpointAddress,
  topic: string,
): ReplyAddress | undefined {
  if (responses === undefined) {
    if (state === undefined) return undefined;
    throw refused("state: only a handler gets it. Add responses: 'handlers', or leave it out.");
  }
  if (kind === 'request') {
    throw refused(
      "responses: with 'handlers' nobody waits for the responses here: " +
        'make the call with emit(data), or leave it out.',
    );
  }
  return { topic, state: encodeAnsweredCall({ service, endpoint, state }) };
}

function refused(message: string): AsyncCallError {
  return new AsyncCallError('invalid-argument', message);
}
