import { inspect } from 'node:util';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { HeadersInput } from '../protocol/message-headers.js';

const ON_REDELIVERY = ['continue', 'restart', 'fail'] as const;

/**
 * What becomes of a stream whose request is delivered again in mid-stream, e.g. because the instance that answered was
 * killed.
 *
 * - `continue`: the later delivery goes on after the last value that was passed on
 * - `restart`: it is passed on from its first value; `delivery` of {@link AsyncCallResponse} tells the two apart
 * - `fail`: the call fails with `interrupted`
 */
export type OnRedelivery = (typeof ON_REDELIVERY)[number];

/** How one call is made. */
export interface CallOptions {
  /**
   * How long the whole stream may take, in milliseconds; `Infinity` for no limit. After it the Observable
   * fails with `timeout`. For a one-way call: how long the broker may take to store it. Default: the module's `calls.timeoutMs`, 30,000.
   */
  readonly timeoutMs?: number;
  /**
   * How long it may take until the first response comes, and from each response to the next, in milliseconds; `Infinity`
   * for no limit. After it the Observable fails with `timeout`. Default: the module's `calls.idleTimeoutMs`, no limit.
   * One-way calls have none.
   */
  readonly idleTimeoutMs?: number;
  /** What becomes of the stream when the request is delivered again. Default: the module's `calls.onRedelivery`, `continue`. */
  readonly onRedelivery?: OnRedelivery;
  /**
   * Whether a call that a handler makes has at most the time that the handler's own caller still waits. Default true.
   * `false` for what has to be done all the same. One-way calls do not inherit it.
   */
  readonly inheritDeadline?: boolean;
  /**
   * The partition key. Requests with one key are served one after the other, in the order they were sent; requests
   * without are spread evenly.
   */
  readonly key?: string | Buffer;
  /**
   * Where the responses go: with `'handlers'` to the `@AsyncResponse` handler of this service, on whichever instance, also
   * after a restart. For `emit` only. Such a call has no deadline and cannot be given up. Default: to whoever has made the
   * call.
   */
  readonly responses?: 'handlers';
  /**
   * What the handler gets with each response, e.g. the key of what the call was made for: any JSON value of at most 4,096
   * bytes. Only with `responses: 'handlers'`.
   */
  readonly state?: unknown;
  /** Headers for the handler's context. Names that begin with `ac-` or `kafka_`, and `content-type`, are reserved. */
  readonly headers?: HeadersInput;
}

/** What a timer can take. */
export const MAX_TIMEOUT_MS = 2_147_483_647;

/** What is wrong with a timeout; `undefined` if nothing. */
export function timeoutFault(timeoutMs: unknown): string | undefined {
  if (timeoutMs === Number.POSITIVE_INFINITY) return undefined;
  if (Number.isInteger(timeoutMs) && (timeoutMs as number) > 0 && (timeoutMs as number) <= MAX_TIMEOUT_MS) {
    return undefined;
  }
  return `${inspect(timeoutMs)} is not a timeout: write whole milliseconds from 1 to ${MAX_TIMEOUT_MS}, or Infinity`;
}

/** What is wrong with {@link CallOptions.onRedelivery}; `undefined` if nothing. */
export function onRedeliveryFault(choice: unknown): string | undefined {
  if (ON_REDELIVERY.includes(choice as OnRedelivery)) return undefined;
  return `${inspect(choice)} is no choice: write 'continue', 'restart' or 'fail'`;
}

/** What is wrong with a partition key; `undefined` if nothing. */
export function keyFault(key: unknown): string | undefined {
  if (typeof key === 'string' || Buffer.isBuffer(key)) return undefined;
  return `${inspect(key)} is not a key: write a string or a Buffer`;
}

function flagFault(flag: unknown): string | undefined {
  return typeof flag === 'boolean' ? undefined : `${inspect(flag)} is neither true nor false`;
}

function responsesFault(responses: unknown): string | undefined {
  if (responses === 'handlers') return undefined;
  return `${inspect(responses)} is no choice: write 'handlers', or leave it out`;
}

/** The options that there are, and what can be wrong with each; the type sees to it that none is missing. */
export type OptionFaults<O> = Readonly<Record<keyof O, (value: unknown) => string | undefined>>;

/** Of the options of a call. */
export const CALL_OPTION_FAULTS: OptionFaults<CallOptions> = {
  timeoutMs: timeoutFault,
  idleTimeoutMs: timeoutFault,
  onRedelivery: onRedeliveryFault,
  inheritDeadline: flagFault,
  key: keyFault,
  responses: responsesFault,
  // These are checked when they are encoded.
  state: () => undefined,
  headers: () => undefined,
};

/** Throws `invalid-argument` if the options cannot be followed. */
export function checkCallOptions(options: CallOptions): void {
  checkOptions(options, CALL_OPTION_FAULTS, 'a call');
}

/** The same for the options of something else. */
export function checkOptions<O extends object>(options: O, faultOf: OptionFaults<O>, what: string): void {
  // Not `Object.entries`: it makes arrays for each call.
  for (const name in options) {
    // A misspelt option would be ignored in silence, and e.g. a key is what the order depends on.
    if (!Object.hasOwn(faultOf, name)) throw unknownOption(name, Object.keys(faultOf), what);
    const value = options[name];
    const fault = value === undefined ? undefined : faultOf[name](value);
    if (fault) throw new AsyncCallError('invalid-argument', `${name}: ${fault}.`);
  }
}

function unknownOption(name: string, known: readonly string[], what: string): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    `${inspect(name)} is not an option of ${what}. There are: ${known.join(', ')}.`,
  );
}
