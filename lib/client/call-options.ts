import { inspect } from 'node:util';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { HeadersInput } from '../protocol/message-headers.js';

/** How one call is made. */
export interface CallOptions {
  /**
   * How long the whole stream may take, in milliseconds; `Infinity` for no limit. After it the Observable
   * fails with `timeout`. For a one-way call: how long the broker may take to store it. Default: the module's `calls.timeoutMs`, 30,000.
   */
  readonly timeoutMs?: number;
  /**
   * The partition key. Requests with one key are served one after the other, in the order they were sent; requests
   * without are spread evenly.
   */
  readonly key?: string | Buffer;
  /** Headers for the handler's context. Names that begin with `ac-` or `kafka_`, and `content-type`, are reserved. */
  readonly headers?: HeadersInput;
}

/** What a timer can take. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** What is wrong with a timeout; `undefined` if nothing. */
export function timeoutFault(timeoutMs: unknown): string | undefined {
  if (timeoutMs === Number.POSITIVE_INFINITY) return undefined;
  if (Number.isInteger(timeoutMs) && (timeoutMs as number) > 0 && (timeoutMs as number) <= MAX_TIMEOUT_MS) {
    return undefined;
  }
  return `${inspect(timeoutMs)} is not a timeout: write whole milliseconds from 1 to ${MAX_TIMEOUT_MS}, or Infinity`;
}

/** The options that there are; the type sees to it that none is missing here. */
const KNOWN: Readonly<Record<keyof CallOptions, true>> = { timeoutMs: true, key: true, headers: true };

/** Throws `invalid-argument` if the options cannot be followed. */
export function checkCallOptions(options: CallOptions): void {
  checkNames(options);
  const { timeoutMs, key } = options;
  const fault = timeoutMs === undefined ? undefined : timeoutFault(timeoutMs);
  if (fault) throw new AsyncCallError('invalid-argument', `timeoutMs: ${fault}.`);
  if (key !== undefined && typeof key !== 'string' && !Buffer.isBuffer(key)) {
    throw new AsyncCallError(
      'invalid-argument',
      `key: ${inspect(key)} is not a key: write a string or a Buffer.`,
    );
  }
}

/** A misspelt option would be ignored in silence, and e.g. a key is what the order depends on. */
function checkNames(options: CallOptions): void {
  // Not `Object.keys`: it makes an array for each call.
  for (const name in options) {
    if (Object.hasOwn(KNOWN, name)) continue;
    throw new AsyncCallError(
      'invalid-argument',
      `${inspect(name)} is not an option of a call. There are: ${Object.keys(KNOWN).join(', ')}.`,
    );
  }
}
