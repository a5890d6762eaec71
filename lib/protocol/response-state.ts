import { inspect } from 'node:util';
import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import { DecodeError } from './decode-error.js';
import type { EndpointAddress } from './endpoint-address.js';
import { HEADER } from './header-names.js';
import type { HeaderReader } from './header-reader.js';
import { parseJson } from './parse-json.js';

/** What a service echoes at most. */
const MAX_ECHOED_BYTES = 8_192;
/** What the state that a caller gives its handler may take as JSON. */
const MAX_STATE_BYTES = 4_096;

/** What a handler of responses knows of the call that they answer. */
export interface AnsweredCall extends EndpointAddress {
  /** What the caller has given with the call; `undefined` if nothing. */
  readonly state: unknown;
}

/** What is to be echoed on each response. Throws {@link DecodeError} if it is too much. */
export function readEchoedState(read: HeaderReader): Buffer | undefined {
  const state = read.bytes(HEADER.state);
  if (state === undefined || state.length <= MAX_ECHOED_BYTES) return state;
  throw new DecodeError(
    `${HEADER.state} has ${state.length} bytes; at most ${MAX_ECHOED_BYTES} are sent back on each response.`,
  );
}

/** The call as its responses bring it back. Throws `invalid-argument` if the state is not JSON, or too much of it. */
export function encodeAnsweredCall({ service, endpoint, state }: AnsweredCall): Buffer {
  checkState(state);
  return Buffer.from(JSON.stringify({ service, endpoint, state }), 'utf8');
}

/** The call that a response has brought back. Throws only {@link DecodeError}. */
export function decodeAnsweredCall(bytes: Buffer | undefined): AnsweredCall {
  const { service, endpoint, state } = (bytes && parse(bytes)) ?? {};
  if (typeof service === 'string' && typeof endpoint === 'string') return { service, endpoint, state };
  throw new DecodeError(
    bytes
      ? `${HEADER.state} of the response names no service and endpoint.`
      : `The response has no header ${HEADER.state}: it answers no call with responses: 'handlers'.`,
  );
}

function parse(bytes: Buffer): { readonly [name in keyof AnsweredCall]?: unknown } | undefined {
  try {
    return parseJson(bytes) as object;
  } catch {
    // Somebody else's.
    return undefined;
  }
}

function checkState(state: unknown): void {
  if (state === undefined) return;
  const bytes = Buffer.byteLength(toJson(state), 'utf8');
  if (bytes <= MAX_STATE_BYTES) return;
  throw new AsyncCallError(
    'invalid-argument',
    `state: it has ${bytes} bytes as JSON; at most ${MAX_STATE_BYTES} travel with each response. ` +
      'Keep it in a database, and write its key here.',
  );
}

function toJson(state: unknown): string {
  let reason = `${inspect(state, { depth: 0 })} is not JSON`;
  try {
    const text = JSON.stringify(state) as string | undefined;
    if (text !== undefined && !(typeof state === 'number' && !Number.isFinite(state))) return text;
  } catch (error) {
    reason = messageOf(error);
  }
  throw new AsyncCallError('invalid-argument', `state: ${reason}. Write a value that JSON can say.`);
}
