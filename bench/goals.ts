import type { Metric } from './case.js';
import { OURS } from './peers.js';

/** A value of the table. */
export interface Point {
  readonly case: string;
  readonly peer: string;
  readonly metric: Metric;
}

/** Ours, beside what it is to be compared with. */
export interface Goal {
  readonly what: string;
  readonly ours: Point;
  readonly others: readonly Point[];
  /** `ratio`: how many times the other ours is; `difference`: ours less the other. */
  readonly by: 'ratio' | 'difference';
}

const against = (what: string, name: string, metric: Metric, peers: readonly string[]): Goal => ({
  what,
  ours: { case: name, peer: OURS, metric },
  others: peers.map((peer) => ({ case: name, peer, metric })),
  by: 'ratio',
});

const self = (what: string, metric: Metric, name: string, base: string, by: Goal['by']): Goal => ({
  what,
  ours: { case: name, peer: OURS, metric },
  others: [{ case: base, peer: OURS, metric }],
  by,
});

export const GOALS: readonly Goal[] = [
  {
    ...against('1 in flight, p50 ms', 'echo-1', 'p50', ['kafkajs']),
    others: [
      { case: 'echo-1', peer: 'kafkajs', metric: 'p50' },
      { case: 'round-trip-1', peer: 'kafkajs', metric: 'p50' },
    ],
  },
  against('100 in flight, calls/s', 'echo-100', 'perSecond', ['nest-kafka', 'nest-nats']),
  against('1,000 in flight, calls/s', 'echo-1000', 'perSecond', ['nest-kafka', 'nest-nats']),
  against('100 in flight, p50 ms', 'echo-100', 'p50', [
    'nest-kafka',
    'nest-http-express',
    'nest-http-fastify',
  ]),
  against('10 in flight at 4 ms distance, p50 ms', 'far-10', 'p50', ['nest-kafka']),
  against('handler that awaits 5 ms, calls/s', 'wait-5ms-100', 'perSecond', ['nest-kafka']),
  against('one-way by 1,000 callers, calls/s', 'one-way-1000', 'perSecond', ['kafkajs-bulk']),
  against('100 streams, responses/s', 'stream-100', 'perSecond', ['nest-kafka']),
  against('100 in flight, CPU a call of client and server, µs', 'echo-100', 'cpu', ['nest-kafka']),
  against('100 in flight, CPU a call of the broker, µs', 'echo-100', 'brokerCpu', ['nest-kafka']),
  self(
    'first answer with the default rebalance delay, less that without, ms',
    'p50',
    'start-up-default-delay',
    'start-up',
    'difference',
  ),
  against('10,000 calls pending, bytes each in the client', 'pending-10000', 'bytesPerCall', [
    'nest-kafka',
    'nest-nats',
  ]),
  against('stream of 100,000, greatest heap of the client, MB', 'stream-100000', 'clientHeap', ['nest-nats']),
  against('stream of 100,000, greatest heap of the server, MB', 'stream-100000', 'serverHeap', ['nest-nats']),
  self('2 servers against 1, calls/s', 'perSecond', 'servers-2', 'servers-1', 'ratio'),
  self('4 servers against 1, calls/s', 'perSecond', 'servers-4', 'servers-1', 'ratio'),
];
