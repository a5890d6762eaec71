import kafka, { type KafkaConfig } from 'kafkajs';
import type { Broker, ClientIdentity } from '../broker.js';
import { KafkajsAdmin } from './admin.js';
import { KafkajsAssignedConsumer } from './assigned-consumer.js';
import { checkOptions } from './check-options.js';
import { Cluster } from './cluster.js';
import { KafkajsGroupConsumer } from './group-consumer.js';
import { KafkajsProducer } from './producer.js';

/**
 * How to reach Kafka (2.3 or newer): kafkajs's own options `brokers`, `ssl`, `sasl`, `connectionTimeout`
 * (default 1,000 ms), `requestTimeout` (default 30,000 ms) and so on. `retry` is not among them: each
 * component tries again as its contract says. By default kafkajs logs nothing: what goes wrong is in the
 * errors and states of the components; set `logLevel`, and `logCreator`, to see its own view.
 */
export type KafkajsOptions = Omit<KafkaConfig, 'clientId' | 'retry'>;

/**
 * The driver for Apache Kafka, on kafkajs's connections. Making it connects nothing; options that cannot work
 * are refused at once (`invalid-argument`).
 */
export function kafkajs(options: KafkajsOptions): Broker {
  checkOptions(options);
  const cluster = ({ clientId }: ClientIdentity) =>
    new Cluster({ logLevel: kafka.logLevel.NOTHING, ...options, clientId });
  return {
    name: 'kafkajs',
    capabilities: { durable: true, remote: true },
    createProducer: (identity) => new KafkajsProducer(cluster(identity)),
    createGroupConsumer: (identity, consumer) => new KafkajsGroupConsumer(cluster(identity), consumer),
    createAssignedConsumer: (identity, consumer) => new KafkajsAssignedConsumer(cluster(identity), consumer),
    createAdmin: (identity) => new KafkajsAdmin(cluster(identity)),
  };
}
