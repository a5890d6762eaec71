import { inspect } from 'node:util';
import { eventTypeFault } from '../protocol/event.js';
import { serviceNameFault } from '../protocol/endpoint-address.js';
import type { AsyncCallError } from '../errors/async-call-error.js';
import type { AsyncCallResponse } from './async-call-response.js';
import {
  CALL_OPTION_FAULTS,
  type CallOptions,
  checkOptions,
  type OptionFaults,
  timeoutFault,
} from './call-options.js';

/** A partial response to a request that went to several. */
export interface GatheredResponse<T = unknown> extends AsyncCallResponse<T> {
  readonly kind: 'response';
  /** Who it is from: the endpoint, as `service/endpoint`, or the service that has subscribed to the event. */
  readonly from: string;
}

/** One of those that were asked has failed; the others go on. */
export interface GatheredFailure {
  readonly kind: 'failure';
  readonly from: string;
  readonly error: AsyncCallError;
}

/**
 * Why gathering has ended.
 *
 * - `all`: the streams of all have ended, well or not
 * - `count`: so many responses have come
 * - `when`: the predicate said so
 * - `time`: the time is over
 */
export type GatherReason = 'all' | 'count' | 'when' | 'time';

/** The end, and all that has come until then. */
export interface GatheredEnd<T = unknown> {
  readonly kind: 'end';
  readonly reason: GatherReason;
  readonly responses: readonly GatheredResponse<T>[];
  readonly failures: readonly GatheredFailure[];
  /** Those that were asked, or expected, whose streams had not ended. */
  readonly unfinished: readonly string[];
}

/** What is gathered, as it comes; the end is the last of it. */
export type Gathered<T = unknown> = GatheredResponse<T> | GatheredFailure | GatheredEnd<T>;

/** When there is enough: at the first of these that is true, or when all have ended. */
export interface GatherRules<T = unknown> {
  /** When so many responses have come. Default: no limit. */
  readonly count?: number;
  /** When this time is over, in milliseconds. Default: for endpoints none beside each call's own, for an event `calls.timeoutMs`. */
  readonly withinMs?: number;
  /** When it returns true; it is asked at each response, with all that have come. If it throws, gathering fails with that. */
  readonly when?: (responses: readonly GatheredResponse<T>[]) => boolean;
}

/** How several endpoints are asked: the rules, and the options of each call. */
export interface GatherOptions<T = unknown>
  extends GatherRules<T>, Omit<CallOptions, 'responses' | 'state'> {}

/** How the subscribers of an event are asked. */
export interface GatherEventOptions<T = unknown>
  extends GatherRules<T>, Pick<CallOptions, 'key' | 'headers'> {
  /** The services that are to answer: when the streams of all of them have ended, that is all. Default: it is not known. */
  readonly expect?: readonly string[];
}

/** An event whose subscribers are asked. */
export interface GatherEvent {
  /** The topic's name, without its prefix. */
  readonly event: string;
  /** The type of the event, if it has one. */
  readonly type?: string;
}

const RULE_FAULTS: OptionFaults<GatherRules> = {
  count: (count) =>
    Number.isInteger(count) && (count as number) > 0
      ? undefined
      : `${inspect(count)} is not a whole number from 1 on`,
  withinMs: timeoutFault,
  when: (when) =>
    typeof when === 'function' ? undefined : `${inspect(when)} is not a function that returns true or false`,
};

// Those that are left out are of calls for whose responses nobody waits.
const { responses: _, state: __, ...AWAITED_CALL_FAULTS } = CALL_OPTION_FAULTS;
const GATHER_FAULTS: OptionFaults<GatherOptions> = { ...AWAITED_CALL_FAULTS, ...RULE_FAULTS };

const GATHER_EVENT_FAULTS: OptionFaults<GatherEventOptions> = {
  ...RULE_FAULTS,
  key: CALL_OPTION_FAULTS.key,
  headers: CALL_OPTION_FAULTS.headers,
  expect: expectFault,
};

/** The topic's name is checked where it is addressed. */
const EVENT_FAULTS: OptionFaults<GatherEvent> = { event: () => undefined, type: eventTypeFault };

/** Throws `invalid-argument` if the options cannot be followed. */
export function checkGatherOptions(options: GatherOptions): void {
  checkOptions(options, GATHER_FAULTS, 'gather');
}

/** Throws `invalid-argument` if the options, or the event, cannot be. */
export function checkGatherEventOptions(options: GatherEventOptions, event: GatherEvent): void {
  checkOptions(options, GATHER_EVENT_FAULTS, 'gather for an event');
  checkOptions(event, EVENT_FAULTS, 'an event that is asked');
}

function expectFault(expect: unknown): string | undefined {
  if (!Array.isArray(expect) || expect.length === 0) return `${inspect(expect)} is no list of services`;
  return expect.map(serviceNameFault).find((fault) => fault !== undefined);
}
