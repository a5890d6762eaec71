import type { Broker } from '../broker/broker.js';
import type { TopicSpec } from '../broker/admin.js';
import type { RetryPolicy } from '../delivery/retry-policy.js';
import type { Serializer } from '../protocol/serializer.js';
import type { DeliverySettings } from './request-consumer.js';

/** What a server needs to know; resolved: without defaults. */
export interface ServerOptions {
  readonly service: string;
  /** `service/instance`, sent with each response. */
  readonly source: string;
  readonly broker: Broker;
  readonly groupId: string;
  readonly requestTopic: TopicSpec;
  /** Where records go that have failed for good; absent where they are only logged. */
  readonly deadLetterTopic: TopicSpec | undefined;
  /** Whether topics may be created; if not they have to exist. */
  readonly createTopics: boolean;
  readonly serializer: Serializer;
  readonly delivery: DeliverySettings;
  /** For endpoints that do not say themselves. */
  readonly retry: RetryPolicy;
  /** How many responses of one call may wait for the broker before an async iterable has to wait. */
  readonly responseWindow: number;
  /** The names of all services of the Nest application. */
  readonly servicesOfApplication: () => readonly string[];
}
