import { inspect } from 'node:util';
import type { GroupStart } from '../broker/consumer.js';
import { countFault } from '../delivery/count-fault.js';
import { eventTopicFault, eventTypeFault } from '../protocol/event.js';
import { type EndpointOptions, optionFaults } from './endpoint-options.js';

/** How events come together for one call of their handler. */
export interface BatchOptions {
  /** How many events a call gets at most. */
  readonly size: number;
  /** How long the first of them waits for the others, in milliseconds. Default 100. */
  readonly waitMs?: number;
}

/** How a service subscribes to events. */
export interface AsyncEventOptions extends EndpointOptions {
  /** Takes the events of this type only. Default: all for whose type there is no handler of its own. */
  readonly type?: string;
  /**
   * A consumer group of its own, `<the service's group>.<group>`: it gets every event, too, with offsets of its own.
   * Needed where several handlers of a service are to get the same event. Default: the service's group.
   */
  readonly group?: string;
  /**
   * Where the group starts in a topic that it has not read before: at the first event that is still there, behind the
   * last, or at a time. Default `latest`. A topic that a pattern finds later is read from its beginning.
   */
  readonly startFrom?: 'earliest' | 'latest' | Date;
  /** Hands events over in batches. Default: one by one. */
  readonly batch?: BatchOptions;
  /** The service that subscribes. Needed only where several services live in one Nest application. */
  readonly service?: string;
}

/** The options that there are; the type sees to it that none is missing here. */
const KNOWN: Readonly<Record<keyof AsyncEventOptions, true>> = {
  retry: true,
  concurrency: true,
  maxHandlerMs: true,
  type: true,
  group: true,
  startFrom: true,
  batch: true,
  service: true,
};

/** Where the group of a handler with these options starts. */
export function startOf({ startFrom = 'latest' }: AsyncEventOptions): GroupStart {
  return startFrom instanceof Date ? { timestampMs: startFrom.getTime() } : startFrom;
}

/** What is wrong with a subscription, each as `where.what: why`. */
export function eventFaults(where: string, topic: unknown, options: AsyncEventOptions): string[] {
  const fault = topic instanceof RegExp ? patternFault(topic) : eventTopicFault(topic);
  return [...(fault ? [`${where}: ${fault}`] : []), ...optionFaults(where, options, KNOWN, ownFaults)];
}

function patternFault({ global, sticky }: RegExp): string | undefined {
  return global || sticky ? 'a pattern of topics must have neither the flag "g" nor "y"' : undefined;
}

function ownFaults({ type, group, startFrom, batch }: AsyncEventOptions): [string, string | undefined][] {
  return [
    ['type', type === undefined ? undefined : eventTypeFault(type)],
    ['group', group === undefined ? undefined : groupFault(group)],
    ['startFrom', startFrom === undefined ? undefined : startFault(startFrom)],
    ...batchFaults(batch),
  ];
}

function groupFault(group: unknown): string | undefined {
  if (typeof group === 'string' && /^[a-zA-Z0-9._-]{1,200}$/.test(group)) return undefined;
  return `${inspect(group)} is no name of a group: write 1 to 200 letters, digits, ".", "_" and "-"`;
}

function startFault(start: unknown): string | undefined {
  if (start === 'earliest' || start === 'latest') return undefined;
  if (start instanceof Date && !Number.isNaN(start.getTime())) return undefined;
  return `${inspect(start)} is no place to start: write 'earliest', 'latest' or a Date`;
}

function batchFaults(batch: unknown): [string, string | undefined][] {
  if (batch === undefined) return [];
  if (typeof batch !== 'object' || batch === null) return [['batch', `${inspect(batch)} is no object`]];
  const { size, waitMs, ...rest } = batch as Partial<BatchOptions>;
  return [
    [
      'batch.size',
      size === undefined ? 'it is missing: write how many events a batch has' : countFault(size),
    ],
    ['batch.waitMs', waitMs === 0 ? undefined : countFault(waitMs)],
    ...Object.keys(rest).map((name): [string, string] => [
      'batch',
      `there is no option "${name}": there are size, waitMs`,
    ]),
  ];
}
