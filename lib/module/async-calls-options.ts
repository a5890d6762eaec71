import type { Broker } from '../broker/broker.js';
import type { DuplicateStore } from '../delivery/duplicate-store.js';
import type { DuplicateWindow } from '../delivery/memory-duplicate-store.js';
import type { OnRedelivery } from '../client/call-options.js';
import type { RetryPolicy } from '../delivery/retry-policy.js';
import type { Serializer } from '../protocol/serializer.js';
import type { FailurePolicy, PatternPolicy } from '../server/server-options.js';

/** How a topic is created. An existing topic is left as it is. */
export interface TopicOptions {
  /** A whole number from 1 on. Default 6. More instances of a service than this share no further work. */
  readonly partitions?: number;
  /** Default: three, or the number of brokers if there are fewer. */
  readonly replicationFactor?: number;
  /** The broker's own topic settings, e.g. `{ 'retention.ms': '86400000' }`. */
  readonly configs?: Readonly<Record<string, string>>;
}

/** Which topics there are. */
export interface TopicsOptions {
  /** Stands before the name of every topic, e.g. `staging.`. Default: nothing. */
  readonly prefix?: string;
  /** Whether missing topics are created. Where clusters forbid it, `false`: then they have to exist. Default true. */
  readonly create?: boolean;
  /** The topic of requests to this service, `<prefix><service>.requests`. */
  readonly requests?: TopicOptions;
  /** The topic of responses to calls of this service, `<prefix><service>.replies`; kept for one hour by default. */
  readonly replies?: TopicOptions;
  /**
   * The topic of responses that come to handlers of this service, `<prefix><service>.responses`. Services that have such
   * handlers, or make such calls, create it.
   */
  readonly responses?: TopicOptions;
  /**
   * The topic of requests that have failed for good, `<prefix><service>.dead-letters`; one partition, kept for thirty
   * days, records up to 2 MiB by default. `false` for none: then they are only logged.
   */
  readonly deadLetters?: TopicOptions | false;
  /** Topics of events, `<prefix><name>`, where they do not exist when this service publishes or subscribes to them. */
  readonly events?: TopicOptions;
}

/** How calls of this service are made. */
export interface CallsOptions {
  /** How long a call may take when it does not say itself, in milliseconds; `Infinity` for no limit. Default 30,000. */
  readonly timeoutMs?: number;
  /**
   * How long a call waits for the first response, and from each to the next, when it does not say itself, in
   * milliseconds; `Infinity` for no limit, which is the default.
   */
  readonly idleTimeoutMs?: number;
  /** What becomes of a stream whose request is delivered again, when the call does not say itself. Default `continue`. */
  readonly onRedelivery?: OnRedelivery;
  /**
   * Whether services may put several responses of a call into one record, which is faster; it changes nothing else.
   * Default true.
   */
  readonly frames?: boolean;
  /**
   * How many calls, one-way calls included, may be pending at once; one more fails at once with `overloaded`. Default
   * 100,000.
   */
  readonly maxPending?: number;
}

/** How requests to this service are taken and run. */
export interface DeliveryOptions {
  /** The consumer group that shares the requests. Default: the name of the service. */
  readonly groupId?: string;
  /** How many requests one instance runs at once. Default 256. */
  readonly concurrency?: number;
  /** How many requests one instance holds, running or waiting, before it stops taking more. Default 1,000. */
  readonly maxInFlight?: number;
  /** How many responses of one call may wait for the broker before an async iterable has to wait. Default 100. */
  readonly responseWindow?: number;
  /**
   * How often, and at what intervals, a request is tried again that has failed with a 5xx or an unexpected error.
   * Default: 3 attempts, 100 ms before the second, four times as long before each further one, at most 10,000 ms.
   */
  readonly retry?: Partial<RetryPolicy>;
  /** How often finished work is committed, in milliseconds. Default 1,000. */
  readonly commitIntervalMs?: number;
  /** How long running requests may take to end at a shutdown or rebalance, in milliseconds. Default 10,000. */
  readonly drainTimeoutMs?: number;
  /**
   * How long an attempt may take until its last response, in milliseconds; an endpoint may say otherwise. Default: no
   * limit: heartbeats do not depend on handlers.
   */
  readonly maxHandlerMs?: number;
  /**
   * After how long a record that has not ended is told in the log, in milliseconds, if there are others behind it in its
   * partition; `Infinity` for never. Default 60,000.
   */
  readonly warnAfterMs?: number;
  /**
   * How many bytes of responses of one call may wait for the broker, each counted with 1,000 bytes beside its payload.
   * An Observable that emits more fails with `overloaded`. Default 33,554,432 (32 MiB).
   */
  readonly responseBufferBytes?: number;
  /**
   * How requests that were sent twice are told: within a window of what this instance has run, or by a store of your
   * own; `false` for not at all. Default: 300,000 ms after its end, and the last 100,000 requests.
   */
  readonly duplicates?: Partial<DuplicateWindow> | DuplicateStore | false;
  /** What follows when the consumer has failed for good. Default `restart`. */
  readonly onFailure?: FailurePolicy;
  /**
   * After how long without a sign of life the partitions of an instance go to others, in milliseconds: so long its
   * requests wait when it was killed. The broker sets bounds, 6,000 to 1,800,000 by default. Default 30,000.
   */
  readonly sessionTimeoutMs?: number;
}

/** How topics of Nest's own Kafka transport are read. */
export interface NestTopicsOptions {
  /**
   * The consumer group that reads them: that of the service by default. To go on where a service has stopped that ran on
   * Nest's own transport, the group that it had: its `groupId` and `-server` behind it.
   */
  readonly groupId?: string;
  /** Where a topic starts that the group has not read before: `latest`, as with Nest, or `earliest`. Default `latest`. */
  readonly startFrom?: 'latest' | 'earliest';
}

/** What {@link AsyncCallsModule} is made with. */
export interface AsyncCallsOptions {
  /** This service's name: others call its endpoints as `service/endpoint`, its topics and group bear it. */
  readonly service: string;
  /** The driver, with its own options: `kafkajs({ brokers: [...] })` or `memory()`. */
  readonly broker: Broker;
  /** Tells the instances of the service apart in logs and headers. Default: eight random characters. */
  readonly instance?: string;
  readonly topics?: TopicsOptions;
  readonly calls?: CallsOptions;
  readonly delivery?: DeliveryOptions;
  /**
   * What becomes of `@MessagePattern()` and `@EventPattern()` handlers without a transport id, which Nest hands to every
   * server of an application: `serve` makes them endpoints of this service, `ignore` leaves them to the others. Default
   * `serve`.
   */
  readonly patterns?: PatternPolicy;
  /**
   * Whether the topics are read, too, that Nest's own Kafka transport would read for these handlers, and its clients
   * answered in its form. Default false.
   */
  readonly nestTopics?: boolean | NestTopicsOptions;
  /** Turns values into bytes and back. Default: {@link jsonSerializer}. */
  readonly serializer?: Serializer;
}
