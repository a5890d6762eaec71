import type { Broker } from '../broker/broker.js';
import type { TopicSpec } from '../broker/admin.js';
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
  /** Whether the topic may be created; if not it has to exist. */
  readonly createTopics: boolean;
  readonly serializer: Serializer;
  readonly delivery: DeliverySettings;
  /** How many responses of one call may wait for the broker before an async iterable has to wait. */
  readonly responseWindow: number;
  /** The names of all services of the Nest application. */
  readonly servicesOfApplication: () => readonly string[];
}
