import { describe, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import type { ConsumerRecord, ProducerRecord } from '../../../lib/broker/record.js';
import { readRecordBatches } from '../../../lib/broker/kafkajs/wire/record-batch-reader.js';
import { writeRecordBatch } from '../../../lib/broker/kafkajs/wire/record-batch-writer.js';
import { describeOnKafka, kafkaBootstrap, uniqueName } from '../../support/kafka.js';
import { Client, receivesAll } from './client.js';

jest.setTimeout(60_000);

const place = { topic: 't', partition: 0 };

function batchOf(baseOffset: number, ...values: string[]): Buffer {
  const records = values.map((value): ProducerRecord => ({
    ...place,
    key: null,
    value: Buffer.from(value),
    headers: [],
    timestamp: 1,
  }));
  const batch = Buffer.from(writeRecordBatch(records, 0));
  batch.writeBigInt64BE(BigInt(baseOffset), 0);
  return batch;
}

const texts = (records: readonly ConsumerRecord[]) => records.map(({ value }) => String(value));

describe('record batches', () => {
  it('survive the way through bytes, with any timestamps and sizes', async () => {
    const sent = [0, 1, 127, 128, 70_000, 5, -3, 2 ** 40].map((delta, index) => ({
      ...place,
      key: index % 2 ? Buffer.from(`key ${index}`) : null,
      value: Buffer.alloc(10 ** (index % 6), 'v'),
      headers: Array.from({ length: index }, (_, at): [string, Buffer] => [`h${at}`, Buffer.alloc(at * 100)]),
      timestamp: 1_700_000_000_000 + delta,
    }));
    const { records, nextOffset } = await readRecordBatches(place, writeRecordBatch(sent, 0), 0n);
    expect(records).toEqual(sent.map((record, index) => ({ ...record, offset: BigInt(index) })));
    expect(nextOffset).toBe(8n);
  });

  it('are read from an offset in their middle, up to one that was cut off', async () => {
    const bytes = Buffer.concat([
      batchOf(5, 'a', 'b', 'c'),
      batchOf(8, 'd'),
      batchOf(9, 'e').subarray(0, -1),
    ]);
    const { records, nextOffset } = await readRecordBatches(place, bytes, 6n);
    expect(texts(records)).toEqual(['b', 'c', 'd']);
    expect(nextOffset).toBe(9n);
  });

  it('that compaction has emptied are passed over', async () => {
    const empty = batchOf(5, 'a', 'b');
    empty.writeInt32BE(0, 57);
    const { records, nextOffset } = await readRecordBatches(place, empty, 5n);
    expect(records).toEqual([]);
    expect(nextOffset).toBe(7n);
  });
});

describeOnKafka('records of other clients', () => {
  it('arrive when they are compressed; not when their transaction was rolled back', async () => {
    const brokers = kafkaBootstrap() ?? [];
    await using client = new Client(brokers.join());
    const topic = await client.topic(1);
    const reader = client.reader();
    await reader.assign({ topic, partition: 0, start: 'earliest' });

    const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
    const producer = kafka.producer({
      transactionalId: uniqueName('transaction'),
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    for (const [value, end] of [
      ['committed', 'commit'],
      ['rolled back', 'abort'],
      ['committed too', 'commit'],
    ] as const) {
      const transaction = await producer.transaction();
      const headers = { name: 'value' };
      const compression = kafkajs.CompressionTypes.GZIP;
      await transaction.send({ topic, compression, messages: [{ value, headers }, { value }] });
      await transaction[end]();
    }
    await producer.disconnect();

    await receivesAll([reader], ['committed', 'committed too']);
    expect(reader.values()).toEqual(['committed', 'committed', 'committed too', 'committed too']);
    expect(reader.records[0].headers).toEqual([['name', Buffer.from('value')]]);
  });

  it('see what this driver writes', async () => {
    const brokers = kafkaBootstrap() ?? [];
    await using client = new Client(brokers.join());
    const topic = await client.topic(1);
    const sent = { topic, partition: 0, key: Buffer.from('k'), value: Buffer.from('v'), timestamp: 1234 };
    await client.producer().send([{ ...sent, headers: [['name', Buffer.from('value')]] }]);

    const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: uniqueName('group') });
    await consumer.subscribe({ topic, fromBeginning: true });
    const message = await new Promise<kafkajs.KafkaMessage>((resolve, reject) => {
      consumer.run({ eachMessage: async ({ message: received }) => resolve(received) }).catch(reject);
    });
    await consumer.disconnect();
    expect(message).toMatchObject({
      key: sent.key,
      value: sent.value,
      timestamp: '1234',
      headers: { name: Buffer.from('value') },
    });
  });
});
