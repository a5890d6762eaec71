import type { Admin } from '../broker/admin.js';
import { BatchingProducer } from '../broker/batching-producer.js';
import type { BrokerError } from '../broker/broker-error.js';
import type { AssignedConsumer, ConsumerState } from '../broker/consumer.js';
import { ensureTopic } from '../broker/ensure-topic.js';
import { partitionForKey } from '../broker/partitioner.js';
import type { ConsumerRecord } from '../broker/record.js';
import { TopicDirectory } from '../broker/topic-directory.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { ReplyAddress } from '../protocol/reply-address.js';
import type { WireRecord } from '../protocol/wire-record.js';
import type { ClientOptions } from './client-options.js';

/** What a connection tells its client. */
export interface ConnectionListener {
  onReply(record: ConsumerRecord): void;
  onState(state: ConsumerState, error?: BrokerError): void;
}

/**
 * The client's side of the broker: a producer for requests, and a reader of one partition of the reply topic. No
 * group: nothing to join, nothing to wait for, any number of instances on any number of partitions.
 */
export class ClientConnection {
  private readonly admin: Admin;
  private readonly producer: BatchingProducer;
  private readonly consumer: AssignedConsumer;
  private readonly directory: TopicDirectory;
  private readonly stopping = new AbortController();
  private roundRobin = Math.floor(Math.random() * 1_000);
  private sending: Promise<void> | undefined;
  private receiving: Promise<Required<ReplyAddress>> | undefined;

  constructor(
    private readonly options: ClientOptions,
    private readonly listener: ConnectionListener,
  ) {
    const identity = { clientId: options.source };
    this.admin = options.broker.createAdmin(identity);
    this.producer = new BatchingProducer(options.broker.createProducer(identity));
    this.directory = new TopicDirectory(this.admin);
    this.consumer = options.broker.createAssignedConsumer(identity, {
      listener: {
        onBatch: ({ records }) => records.forEach((record) => listener.onReply(record)),
        onState: (state, error) => listener.onState(state, error),
      },
    });
  }

  /**
   * Resolves when records can be sent. While the broker cannot be reached it keeps trying, until `close`. A failure
   * is not remembered: the next call tries again.
   */
  openProducer(): Promise<void> {
    this.sending ??= this.producer.connect().catch((error: unknown) => {
      this.sending = undefined;
      throw error;
    });
    return this.sending;
  }

  /**
   * Resolves with where replies are read, once every reply that is written from now on will be seen. Waits and
   * fails as {@link openProducer} does.
   */
  openReplies(): Promise<Required<ReplyAddress>> {
    this.receiving ??= this.positionReplies().catch((error: unknown) => {
      this.receiving = undefined;
      throw error;
    });
    return this.receiving;
  }

  /**
   * Writes a request to a service; resolves when the broker has acknowledged it. Rejects with `unknown-service` if
   * the service has no request topic.
   */
  async send(service: string, key: Buffer | null, record: WireRecord): Promise<void> {
    const topic = this.options.topicNames.requests(service);
    const partitions = await this.directory.partitionsOf(topic);
    if (partitions === undefined) throw unknownService(service, topic);
    const partition = key ? partitionForKey(key, partitions) : this.roundRobin++ % partitions;
    try {
      await this.producer.send({ topic, partition, key, ...record });
    } catch (error) {
      if (!(error instanceof AsyncCallError) || error.code !== 'unknown-topic') throw error;
      this.directory.forget(topic);
      throw unknownService(service, topic);
    }
  }

  private async positionReplies(): Promise<Required<ReplyAddress>> {
    const { replyTopic, createTopics } = this.options;
    await ensureTopic(this.admin, replyTopic, {
      create: createTopics,
      signal: this.stopping.signal,
      onUnavailable: (error) => this.listener.onState('unavailable', error),
    });
    const { topic } = replyTopic;
    const partitions = (await this.directory.partitionsOf(topic)) ?? 1;
    const address = { topic, partition: Math.floor(Math.random() * partitions) };
    await this.consumer.assign([{ ...address, start: 'latest' }]);
    return address;
  }

  /** Sends what is waiting and disconnects. */
  async close(): Promise<void> {
    this.stopping.abort();
    await this.producer.close();
    await this.consumer.close();
    await this.admin.close();
  }
}

function unknownService(service: string, topic: string): AsyncCallError {
  return new AsyncCallError(
    'unknown-service',
    `There is no service "${service}" on this broker: the topic "${topic}" does not exist. ` +
      'A service creates it when it starts. Check the name, the topic prefix and the broker.',
  );
}
