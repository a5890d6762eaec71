import type { BenchRequest } from './request.js';
import type { Service } from './service.js';

/** Where the two sides of a peer meet. */
export interface Setting {
  /** Unique; topics, groups and services of a deployment begin with it. */
  readonly name: string;
  /** Of this process among those of its side. */
  readonly instance: string;
  readonly brokers: readonly string[];
  /** Of each topic. */
  readonly partitions: number;
  /** How many requests a server handles at once, by the peer's own setting for that; its default if absent. */
  readonly concurrency?: number;
  /** Connections to brokers go through the delaying proxy at this port of 127.0.0.1, if given. */
  readonly proxyPort?: number;
  readonly natsUrl?: string;
  /** What the server's start has returned; for clients. */
  readonly address?: string;
}

/** A way to call, as its own documentation recommends it; server and client run in processes of their own. */
export interface Peer {
  /** Resolves when the server has started, with its address if it has one of its own. */
  startServer(setting: Setting, service: Service): Promise<string | undefined>;
  /** Resolves when the client says that calls can be made. */
  startClient(setting: Setting): Promise<PeerClient>;
}

/** Makes the calls of a case; what is absent this peer does not have. */
export interface PeerClient {
  /** One request, one response; requests of one lane in the order in which they were made, if it can. */
  call?(request: BenchRequest): Promise<unknown>;
  /** One request, many responses, each handed to `onItem`; resolves at their end. */
  stream?(request: BenchRequest, onItem: (item: unknown) => void): Promise<void>;
  /** One-way calls; resolves when the peer's own promise of sending does. */
  emit?(requests: readonly BenchRequest[]): Promise<unknown>;
  /** How many one-way calls go into one `emit`; 1 by default. */
  readonly emitSize?: number;
  /** A record that is produced and fetched by this process: the least that anything on Kafka can take. */
  roundTrip?(request: BenchRequest): Promise<unknown>;
}
