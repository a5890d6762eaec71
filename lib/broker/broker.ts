import type { Admin } from './admin.js';
import type {
  AssignedConsumer,
  AssignedConsumerOptions,
  GroupConsumer,
  GroupConsumerOptions,
} from './consumer.js';
import type { Producer } from './producer.js';

/** What a driver can do beyond the port; suites and features ask here, never by the driver's name. */
export interface BrokerCapabilities {
  /** Records outlive this process. */
  readonly durable: boolean;
  /** Other processes can take part. */
  readonly remote: boolean;
}

/** How a component presents itself to the broker. */
export interface ClientIdentity {
  /** Shown in the broker's logs, quotas and group descriptions. */
  readonly clientId: string;
}

/**
 * The port to a broker. A driver is a value of this type, made by its own function with its own
 * options: `broker: kafkajs({ brokers: ['localhost:9092'] })`. Making one connects nothing; each
 * component connects when it is used and is closed by whoever made it.
 */
export interface Broker {
  /** The driver's name, for logs. */
  readonly name: string;
  readonly capabilities: BrokerCapabilities;
  createProducer(identity: ClientIdentity): Producer;
  createGroupConsumer(identity: ClientIdentity, options: GroupConsumerOptions): GroupConsumer;
  createAssignedConsumer(identity: ClientIdentity, options: AssignedConsumerOptions): AssignedConsumer;
  createAdmin(identity: ClientIdentity): Admin;
}
