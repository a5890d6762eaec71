import { inspect } from 'node:util';
import { MAX_TIMEOUT_MS } from '../client/call-options.js';
import { countFault } from '../delivery/count-fault.js';

const ON_RECONNECT = ['stop', 'repeat'] as const;

/** How a method's values are streamed over HTTP. */
export interface EventStreamOptions {
  /**
   * After how long without an event a comment is sent, in milliseconds, so that nothing between here and the client takes
   * the connection for dead. The first one sends the head of the response, status 200, if nothing has sent it before.
   * Default 15,000.
   */
  readonly keepAliveMs?: number;
  /**
   * What a client gets that connects again, with `Last-Event-ID`, as browsers do by themselves after every end.
   *
   * - `stop`: 204 without running the method, which makes a browser's `EventSource` stop
   * - `repeat`: the method is run again
   *
   * Default `stop`.
   */
  readonly onReconnect?: (typeof ON_RECONNECT)[number];
  /** After how long a browser connects again, in milliseconds. Default: the browser's own, some seconds. */
  readonly retryMs?: number;
  /**
   * How much may wait in memory for one client, in bytes. A client that reads too slowly for an Observable is cut off
   * above it; a list for a client that wants JSON fails above it with `payload-too-large`, status 500. Default 4 MiB.
   */
  readonly maxPendingBytes?: number;
}

/** The same, with nothing left open. */
export type ResolvedEventStreamOptions = Required<Omit<EventStreamOptions, 'retryMs'>> &
  Pick<EventStreamOptions, 'retryMs'>;

const DEFAULTS: ResolvedEventStreamOptions = {
  keepAliveMs: 15_000,
  onReconnect: 'stop',
  retryMs: undefined,
  maxPendingBytes: 4 * 1024 * 1024,
};

/** The options with their defaults. */
export function resolveEventStreamOptions(options: EventStreamOptions): ResolvedEventStreamOptions {
  const said = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(said) };
}

function timerFault(ms: unknown): string | undefined {
  if (Number.isInteger(ms) && (ms as number) > 0 && (ms as number) <= MAX_TIMEOUT_MS) return undefined;
  return `${inspect(ms)} is not a time: write whole milliseconds from 1 to ${MAX_TIMEOUT_MS}`;
}

function onReconnectFault(choice: unknown): string | undefined {
  if (ON_RECONNECT.includes(choice as 'stop')) return undefined;
  return `${inspect(choice)} is no choice: write 'stop' or 'repeat'`;
}

const FAULT_OF: Readonly<Record<keyof EventStreamOptions, (value: unknown) => string | undefined>> = {
  keepAliveMs: timerFault,
  onReconnect: onReconnectFault,
  retryMs: timerFault,
  maxPendingBytes: countFault,
};

/** What is wrong with the options, each as `name: why`. A misspelt one must not pass for its default. */
export function eventStreamFaults(options: EventStreamOptions): string[] {
  if (typeof options !== 'object' || options === null) return [`${inspect(options)} is no object`];
  return Object.entries(options).flatMap(([name, value]) => {
    if (!Object.hasOwn(FAULT_OF, name)) {
      return [`there is no option "${name}": there are ${Object.keys(FAULT_OF).join(', ')}`];
    }
    const fault = value === undefined ? undefined : FAULT_OF[name as keyof EventStreamOptions](value);
    return fault ? [`${name}: ${fault}`] : [];
  });
}
