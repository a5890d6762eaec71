import { afterEach } from '@jest/globals';
import type { AssignedConsumer, Broker, ConsumerRecord } from 'nestjs-async-calls';
import { uniqueName } from './unique-name.js';
import { waitFor } from './wait-for.js';
import { type RawRecord, writeRaw } from './raw-records.js';

/** A request as another program writes it, and where its responses go. */
export interface NestRequest extends RawRecord {
  readonly correlationId?: string | Buffer;
  /** Decimal text by default, as Nest writes it. */
  readonly replyPartition?: string | Buffer;
  readonly topicPartition?: number;
}

/** A response, as a program reads it that knows Kafka alone. */
export interface NestReply {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, Buffer>>;
}

const open: NestCaller[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((caller) => caller.close()));
});

/** Writes requests byte for byte as clients of Nest's own transport do, and reads what is answered; closed after the test. */
export class NestCaller {
  private readonly records: ConsumerRecord[] = [];
  private readonly consumer: AssignedConsumer;

  private constructor(
    private readonly broker: Broker,
    readonly replyTopic: string,
  ) {
    this.consumer = broker.createAssignedConsumer(
      { clientId: 'nest' },
      { listener: { onBatch: ({ records }) => void this.records.push(...records) } },
    );
    open.push(this);
  }

  static async start(broker: Broker): Promise<NestCaller> {
    const topic = `${uniqueName('nest')}.reply`;
    const admin = broker.createAdmin({ clientId: 'nest' });
    await admin.createTopics([{ topic, partitions: 2, replicationFactor: 1 }]);
    await admin.close();
    const caller = new NestCaller(broker, topic);
    await caller.consumer.assign([0, 1].map((partition) => ({ topic, partition, start: 'earliest' })));
    return caller;
  }

  /** Writes a request; resolves with what gets its replies. */
  async send(topic: string, request: NestRequest): Promise<(count: number) => Promise<NestReply[]>> {
    const { correlationId = uniqueName('id'), replyPartition = '1', topicPartition = 0, ...record } = request;
    const headers = [
      ...(record.headers ?? []),
      ['kafka_correlationId', correlationId],
      ['kafka_replyTopic', this.replyTopic],
      ['kafka_replyPartition', replyPartition],
    ] as const;
    await writeRaw(this.broker, { topic, partition: topicPartition }, [{ ...record, headers }]);
    return (count) => this.replies(Buffer.from(correlationId), count);
  }

  /** The replies to a request, once there are so many. */
  private replies(correlationId: Buffer, count: number): Promise<NestReply[]> {
    return waitFor(
      () => {
        const own = this.records
          .map(({ key, value, headers, partition }) => ({
            key: key?.toString() ?? null,
            value: value?.toString() ?? null,
            headers: Object.fromEntries(headers),
            partition,
          }))
          .filter(
            ({ headers, partition }) =>
              partition === 1 && headers['kafka_correlationId']?.equals(correlationId),
          );
        return own.length >= count && own;
      },
      { what: `${count} replies` },
    );
  }

  async close(): Promise<void> {
    await this.consumer.close();
  }
}
