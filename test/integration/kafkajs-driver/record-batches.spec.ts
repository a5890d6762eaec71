import { describe, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import type { ConsumerRecord, ProducerRecord } from '../../../lib/broker/record.js';
import { readRecordBatches } from '../../../lib/broker/kafkajs/wire/record-batch-reader.js';
import { crc32c } from '../../../lib/broker/kafkajs/wire/crc32c.js';
import { writeRecordBatch } from '../../../lib/broker/kafkajs/wire/record-batch-writer.js';
import { describeOnKafka, kafkaBootstrap, uniqueName } from '../../support/kafka.js';
import { sendAll } from '../../support/send-all.js';
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

/** Corrects the checksum after a change. */
function seal(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

/** The batch as if its records were compressed by this codec. */
function compressedBy(codec: number, batch: Buffer): Buffer {
  batch.writeInt16BE(codec, 21);
  return seal(batch);
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
    seal(empty);
    const { records, nextOffset } = await readRecordBatches(place, empty, 5n);
    expect(records).toEqual([]);
    expect(nextOffset).toBe(7n);
  });
});

describe('record batches that cannot be read', () => {
  const damages: [string, string, (batch: Buffer) => Buffer][] = [
    [
      'a changed byte',
      'its checksum is wrong',
      (batch) => (batch.writeUInt8(batch.at(-2)! ^ 1, batch.length - 2), batch),
    ],
    ['a negative length', 'its length is -5', (batch) => (batch.writeInt32BE(-5, 8), batch)],
    ['too great a length', 'it is cut off', (batch) => (batch.writeInt32BE(2 ** 30, 8), batch)],
    ['a wrong offset', 'misplaced', (batch) => (batch.writeBigInt64BE(0n, 0), batch)],
    ['more records than there are', 'it is damaged', (batch) => (batch.writeInt32BE(9, 57), seal(batch))],
    ['bytes that are no gzip', 'it is damaged', (batch) => compressedBy(1, batch)],
    [
      'an old message format',
      'message format 1, which is not supported',
      (batch) => (batch.writeInt8(1, 16), batch),
    ],
    ['a codec that is missing', 'with LZ4, for which there is no codec', (batch) => compressedBy(3, batch)],
    ['an unknown codec', 'its codec, number 6, is not known', (batch) => compressedBy(6, batch)],
  ];

  it.each(damages)('are refused, after what comes before them: %s', async (_, message, damage) => {
    const damaged = damage(batchOf(7, 'c', 'd'));
    await expect(readRecordBatches(place, damaged, 7n)).rejects.toMatchObject({
      name: 'UndecodableBatch',
      message: expect.stringContaining(message),
    });
    const bytes = Buffer.concat([batchOf(5, 'a', 'b'), damage(batchOf(7, 'c', 'd')), batchOf(9, 'e')]);
    const { records, nextOffset } = await readRecordBatches(place, bytes, 5n);
    expect(texts(records).slice(0, 2)).toEqual(['a', 'b']);
    if (message !== 'misplaced') expect([records.length, nextOffset]).toEqual([2, 7n]);
  });

  it('do not matter where their transaction was rolled back', async () => {
    const aborted = batchOf(5, 'a');
    aborted.writeBigInt64BE(42n, 43);
    compressedBy(0x10 | 6, aborted);
    const read = await readRecordBatches(place, Buffer.concat([aborted, batchOf(6, 'b')]), 5n, [
      { producerId: 42n, firstOffset: 5n },
    ]);
    expect(texts(read.records)).toEqual(['b']);
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
    await sendAll(client.producer(), [{ ...sent, headers: [['name', Buffer.from('value')]] }]);

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
