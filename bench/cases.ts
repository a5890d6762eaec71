import type { Case, LoadCase, Processes } from './case.js';
import { type CallsLoad, type EventsLoad, type StreamsLoad, TEXT_BYTES } from './loads/load.js';

const SECONDS = 1.5;
/** The processes that most cases share: one server, and the partitions that are the default of this library. */
export const SHARED: Processes = { servers: 1, partitions: 6 };

const calls = (inFlight: number, load: Partial<CallsLoad> = {}): CallsLoad => ({
  kind: 'calls',
  op: 'echo',
  inFlight,
  seconds: SECONDS,
  bytes: TEXT_BYTES,
  ...load,
});

const echo = (inFlight: number): LoadCase => ({
  what: `${inFlight} at a time, answered at once; 200 bytes`,
  needs: ['call'],
  driver: 'load',
  load: calls(inFlight),
});

const payload = (size: string, bytes: number): LoadCase => ({
  what: `payloads of ${size} there and back, 10 at a time`,
  needs: ['call'],
  driver: 'load',
  load: calls(10, { bytes }),
});

const events = (callers: number): LoadCase => {
  const load: EventsLoad = { kind: 'events', callers, count: 30_000 };
  const slower = { ...load, count: 8_000 };
  return {
    what: `one-way calls by ${callers} callers, until the server has handled all`,
    needs: ['emit'],
    driver: 'load',
    load,
    smaller: { 'nest-kafka': slower, kafkajs: slower },
  };
};

const streams = (
  inFlight: number,
  load: Pick<StreamsLoad, 'op' | 'calls'>,
  nestLength: number,
  what: string,
): LoadCase => {
  const all: StreamsLoad = { kind: 'streams', inFlight, length: 1_000, ...load };
  return {
    what,
    needs: ['stream'],
    driver: 'load',
    load: all,
    smaller: { 'nest-kafka': { ...all, calls: inFlight, length: nestLength } },
  };
};

// As if what the handler awaits could take no more; so few that two cores have room for four servers.
const AT_ONCE = 2;
const servers = (count: number): LoadCase => ({
  what:
    `a handler that awaits 5 ms, 100 at a time, ${count} server process${count > 1 ? 'es' : ''}, 8 partitions; ` +
    `each is set to handle ${AT_ONCE} at once, so that it can do ${(1_000 / 5) * AT_ONCE} a second at most`,
  needs: ['call', 'share'],
  driver: 'load',
  load: calls(100, { op: 'wait', waitMs: 5 }),
  // As many partitions for each of four servers as it may handle at once: Nest's handle those of a partition one by one.
  own: { servers: count, partitions: 8, concurrency: AT_ONCE },
  rounds: 3,
});

/** Of the processes of a peer, before anything is measured. */
export const WARM_UP: CallsLoad = calls(100, { seconds: 3 });

const lanes = { kind: 'lanes', lanes: 1_000, seconds: SECONDS, waitMs: 1 } as const;
const longStream: StreamsLoad = { kind: 'streams', op: 'iterable', inFlight: 1, calls: 1, length: 100_000 };

export const CASES: Readonly<Record<string, Case>> = {
  'echo-1': echo(1),
  'echo-10': echo(10),
  'echo-100': echo(100),
  'echo-1000': echo(1_000),
  'round-trip-1': {
    what: 'no call: a record produced and fetched by one process, 1 at a time',
    needs: ['round-trip'],
    driver: 'load',
    load: calls(1, { kind: 'round-trips' }),
  },
  'wait-5ms-100': {
    what: 'a handler that awaits 5 ms, 100 at a time',
    needs: ['call'],
    driver: 'load',
    load: calls(100, { op: 'wait', waitMs: 5 }),
  },
  'one-way-100': events(100),
  'one-way-1000': events(1_000),
  'stream-1': streams(1, { op: 'stream', calls: 20 }, 200, '1,000 responses at once, 1 stream at a time'),
  'stream-100': streams(
    100,
    { op: 'stream', calls: 100 },
    20,
    '1,000 responses at once each, 100 streams side by side',
  ),
  'stream-turns-10': streams(
    10,
    { op: 'turns', calls: 20 },
    100,
    '1,000 responses each, every one in a turn of its own, 10 streams side by side',
  ),
  'keys-1000': {
    what: '1,000 keys, 1,000 calls at a time, up to four of one key; the handler awaits 1 ms and checks the order',
    needs: ['call', 'order'],
    driver: 'load',
    load: { ...lanes, inFlight: 1_000 },
  },
  'slow-key': {
    what: 'as keys-1000 with 100 at a time, and one key more whose calls take 50 ms each; only the others count',
    needs: ['call', 'order'],
    driver: 'load',
    load: { ...lanes, inFlight: 100, slow: { waitMs: 50, inFlight: 4 } },
  },
  'payload-200B': payload('200 bytes', TEXT_BYTES),
  'payload-10kB': payload('10 kB', 10_000),
  'payload-500kB': payload('500 kB', 500_000),
  'start-up': {
    what: 'a new client process, the first of its service, from its loaded modules to its first answer',
    needs: ['call'],
    driver: 'start-up',
  },
  'start-up-default-delay': {
    what: 'the same on a broker with the default group.initial.rebalance.delay.ms of 3000',
    needs: ['call', 'kafka'],
    driver: 'start-up',
    place: 'default-delay',
    rounds: 3,
  },
  idle: {
    what: 'a connected client and server with nothing to do, for 10 s',
    needs: ['call'],
    driver: 'idle',
    seconds: 10,
    rounds: 2,
  },
  'servers-1': servers(1),
  'servers-2': servers(2),
  'servers-4': servers(4),
  'pending-10000': {
    what: '10,000 calls pending: what one takes in the live memory of the client',
    needs: ['call', 'hold'],
    driver: 'load',
    load: { kind: 'pending', count: 10_000 },
    own: SHARED,
    watchMemory: true,
    rounds: 2,
  },
  'stream-100000': {
    what: 'one stream of 100,000 responses from an async iterable: the memory of both sides',
    needs: ['stream'],
    driver: 'load',
    load: longStream,
    own: SHARED,
    watchMemory: true,
    smaller: { 'nest-kafka': { ...longStream, length: 1_000 } },
    rounds: 2,
  },
  'far-10': {
    what: '10 at a time with 4 ms of network, there and back, between both sides and the broker',
    needs: ['call', 'kafka'],
    driver: 'load',
    load: calls(10),
    place: 'far',
  },
};
