import kafka from 'kafkajs';
import type { Broker, ClientIdentity } from '../broker.js';
import { KafkajsAdmin } from './admin.js';
import { KafkajsAssignedConsumer } from './assigned-consumer.js';
import { Cluster } from './cluster.js';
import { KafkajsGroupConsumer } from './group-consumer.js';
import { checkOptions, type KafkajsOptions } from './options.js';
import { KafkajsProducer } from './producer.js';
import { kafkajsSasl } from './security/sasl.js';
import { noticingTls } from './security/tls-alert.js';

/**
 * The driver for Apache Kafka, on kafkajs's connections. Making it connects nothing; options that cannot work
 * are refused at once (`invalid-argument`).
 */
export function kafkajs(options: KafkajsOptions): Broker {
  checkOptions(options);
  const { idempotent = true, sasl, ...config } = options;
  const secured = {
    ...config,
    sasl: sasl && kafkajsSasl(sasl, config.authenticationTimeout),
    socketFactory: noticingTls(config.socketFactory),
  };
  const cluster = ({ clientId }: ClientIdentity) =>
    new Cluster({ logLevel: kafka.logLevel.NOTHING, ...secured, clientId });
  return {
    name: 'kafkajs',
    capabilities: { durable: true, remote: true },
    createProducer: (identity) => new KafkajsProducer(cluster(identity), { idempotent }),
    createGroupConsumer: (identity, consumer) => new KafkajsGroupConsumer(cluster(identity), consumer),
    createAssignedConsumer: (identity, consumer) => new KafkajsAssignedConsumer(cluster(identity), consumer),
    createAdmin: (identity) => new KafkajsAdmin(cluster(identity)),
  };
}
