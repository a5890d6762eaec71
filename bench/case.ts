import type { Load } from './loads/load.js';
import type { Ability } from './peers.js';

/** What is measured, each per counted answer where it says so; what is absent the case is not about. */
export interface Measurement {
  /** Answers, responses or handled one-way calls. */
  readonly perSecond?: number;
  /** Milliseconds: of a call, of a whole stream, of what one awaits to send one-way, of a start. */
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  /** Microseconds per answer, and the sum of both; of all servers together. */
  readonly clientCpu?: number;
  readonly serverCpu?: number;
  readonly cpu?: number;
  /** Likewise, of the Kafka or NATS server that the benchmark has started itself; on Linux only. */
  readonly brokerCpu?: number;
  /** Percent of one core. */
  readonly clientIdle?: number;
  readonly serverIdle?: number;
  /** The greatest seen, in MB. */
  readonly clientRss?: number;
  readonly clientHeap?: number;
  readonly serverRss?: number;
  readonly serverHeap?: number;
  readonly bytesPerCall?: number;
  /** Requests that were handled out of the order of their key. */
  readonly outOfOrder?: number;
  /** One-way calls that were handled more than once. */
  readonly repeated?: number;
}

export type Metric = keyof Measurement;

interface CaseBase {
  /** In one line, for people. */
  readonly what: string;
  /** What a peer has to be able to do. */
  readonly needs: readonly Ability[];
  /** Where it is measured; `near` if absent. */
  readonly place?: Place;
  /** How many rounds count, if fewer than the others'. */
  readonly rounds?: number;
}

/**
 * `near`: clients, servers and broker on one machine. `far`: a network of 4 ms there and back between them and the
 * broker. `default-delay`: a broker with Kafka's own `group.initial.rebalance.delay.ms`, 3000.
 */
export type Place = 'near' | 'far' | 'default-delay';

/** Calls of a client to a server. */
export interface LoadCase extends CaseBase {
  readonly driver: 'load';
  readonly load: Load;
  /** Processes of its own for each measurement. */
  readonly own?: Processes;
  readonly watchMemory?: boolean;
  /** A smaller load for a peer that would take minutes; the table says so. */
  readonly smaller?: Readonly<Record<string, Load>>;
}

/** What a peer is measured with, beside its client. */
export interface Processes {
  readonly servers: number;
  /** Of each topic. */
  readonly partitions: number;
  /** How many requests each server handles at once; the peer's default if absent. */
  readonly concurrency?: number;
}

/** The time until a new client has its first answer from a running server. */
export interface StartUpCase extends CaseBase {
  readonly driver: 'start-up';
}

/** What connected processes use that have nothing to do. */
export interface IdleCase extends CaseBase {
  readonly driver: 'idle';
  readonly seconds: number;
}

export type Case = LoadCase | StartUpCase | IdleCase;
