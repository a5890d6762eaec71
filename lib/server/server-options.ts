import type { Broker } from '../broker/broker.js';
import type { TopicSpec } from '../broker/admin.js';
import type { GroupStart } from '../broker/consumer.js';
import type { OnEnded } from '../delivery/delivery.js';
import type { DuplicateStore } from '../delivery/duplicate-store.js';
import type { RetryPolicy } from '../delivery/retry-policy.js';
import type { Environment } from '../environment/environment.js';
import type { Serializer } from '../protocol/serializer.js';
import type { TopicNames } from '../protocol/topic-names.js';
import type { GroupSettings } from './record-consumer.js';

/**
 * What follows when a consumer that was running has failed for good: `restart` makes a new one, as often as it takes;
 * `exit` ends the process, in order; `report` leaves it at the state `failed`.
 */
export type FailurePolicy = 'restart' | 'exit' | 'report';

/**
 * What becomes of `@MessagePattern()` and `@EventPattern()` handlers without a transport id, which Nest hands to every
 * server of an application: `serve` makes them endpoints of this service too, `ignore` leaves them to the other servers.
 */
export type PatternPolicy = 'serve' | 'ignore';

/** How records are taken and run. */
export interface DeliverySettings extends GroupSettings {
  /** How many requests run at once. */
  readonly concurrency: number;
  /** How many may be taken over, running or waiting, before partitions are paused. */
  readonly maxInFlight: number;
}

/** Which topics of Nest's own transport are read, and how; resolved: without defaults. */
export interface NestTopics {
  readonly groupId: string;
  readonly startFrom: GroupStart;
  /** How those that are missing are created. */
  readonly spec: Omit<TopicSpec, 'topic'>;
}

/** What a server needs to know; resolved: without defaults. */
export interface ServerOptions {
  readonly service: string;
  /** `service/instance`, sent with each response. */
  readonly source: string;
  readonly broker: Broker;
  readonly environment: Environment;
  readonly groupId: string;
  readonly requestTopic: TopicSpec;
  readonly topicNames: TopicNames;
  /** How topics of events are created. */
  readonly eventTopics: Omit<TopicSpec, 'topic'>;
  /** Where responses come from that are for handlers. */
  readonly responseTopic: TopicSpec;
  /** Where records go that have failed for good; absent where they are only logged. */
  readonly deadLetterTopic: TopicSpec | undefined;
  /** Whether topics may be created; if not they have to exist. */
  readonly createTopics: boolean;
  readonly serializer: Serializer;
  readonly delivery: DeliverySettings;
  /** Whether handlers are served that were declared for every transport. */
  readonly patterns: PatternPolicy;
  /** Absent where topics of Nest's own transport are not read. */
  readonly nestTopics: NestTopics | undefined;
  /** For endpoints that do not say themselves. */
  readonly retry: RetryPolicy;
  /** How many responses of one call may wait for the broker before an async iterable has to wait. */
  readonly responseWindow: number;
  /** How many bytes of responses of one call may wait for the broker before a further one is refused. */
  readonly responseBufferBytes: number;
  /** How long an attempt may take, for endpoints that do not say themselves; absent for no limit. */
  readonly maxHandlerMs: number | undefined;
  /** After how long a record that has not ended, and holds others up, is told in the log; `Infinity` for never. */
  readonly warnAfterMs: number;
  /** Remembers which requests were run; absent where duplicates are not looked for. */
  readonly duplicates: DuplicateStore | undefined;
  /** The same for responses that come to handlers: long streams are not to push the requests out of the window. */
  readonly responseDuplicates: DuplicateStore | undefined;
  /** Absent for nobody. */
  readonly onEnded?: OnEnded;
  /** What follows when the consumer has failed for good. */
  readonly onFailure: FailurePolicy;
  /** The names of all services of the Nest application. */
  readonly servicesOfApplication: () => readonly string[];
}
