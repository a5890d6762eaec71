import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import type { ProducerRecord, RecordHeader } from '../../lib/broker/record.js';
import { BrokerError } from '../../lib/broker/broker-error.js';
import { uniqueName } from '../support/kafka.js';
import { type Harness, record, rejectsWith, texts } from './harness.js';

/** What is sent is what arrives. */
export function describeRecords(harness: Harness): void {
  describe('records', () => {
    /** Sends one record and reads it back. */
    async function roundTrip(parts: Partial<ProducerRecord>) {
      const topic = await harness.topic();
      await harness.producer.send([record(topic, 0, parts)]);
      const [received] = await (await harness.consumer('assigned', topic)).received(1);
      return received;
    }

    it('arrive in the order of each partition, whatever the call', async () => {
      const topic = await harness.topic(2);
      const consumer = await harness.consumer('assigned', topic);
      await harness.producer.send(
        texts(10).map((text, index) => record(topic, index % 2, { value: Buffer.from(text) })),
      );
      await harness.send({ topic, partition: 0 }, '10', '12');
      await harness.send({ topic, partition: 1 }, '11', '13');
      await consumer.received(14);
      expect(consumer.values(0)).toEqual(['0', '2', '4', '6', '8', '10', '12']);
      expect(consumer.values(1)).toEqual(['1', '3', '5', '7', '9', '11', '13']);
    });

    it('leave the async context of their sender behind', async () => {
      const storage = new AsyncLocalStorage<string>();
      const contexts: unknown[] = [];
      const topic = await harness.topic();
      const onBatch = () => void contexts.push(storage.getStore());
      const consumer = await harness.consumer('assigned', topic, { onBatch });
      await storage.run('sender', () => harness.send({ topic, partition: 0 }, 'a'));
      await consumer.received(1);
      expect(contexts).toEqual([undefined]);
    });

    it('keep the bytes of key and value', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const { key, value } = await roundTrip({ key: bytes, value: Buffer.from(bytes).reverse() });
      expect(key).toEqual(bytes);
      expect(value).toEqual(Buffer.from(bytes).reverse());
    });

    it('tell null from empty', async () => {
      const empty = Buffer.alloc(0);
      for (const sent of [
        { key: null, value: null },
        { key: empty, value: null },
        { key: null, value: empty },
        { key: empty, value: empty },
      ]) {
        const { key, value } = await roundTrip(sent);
        expect({ key, value }).toEqual(sent);
      }
    });

    it('keep their headers: order, repeated names, empty, binary and non-ASCII ones', async () => {
      const headers: RecordHeader[] = [
        ['b', Buffer.from('first')],
        ['a', Buffer.from([0, 255, 128])],
        ['b', Buffer.from('second')],
        ['empty', Buffer.alloc(0)],
        ['größe-尺寸', Buffer.from('naïve ✓ 🙂')],
        ['b', Buffer.from('third')],
      ];
      expect((await roundTrip({ headers })).headers).toEqual(headers);
      expect((await roundTrip({ headers: [] })).headers).toEqual([]);
    });

    it('keep headers whose names mean something to JavaScript', async () => {
      const headers: RecordHeader[] = ['z', '7', '__proto__', '', 'toString', '1'].map((name) => [
        name,
        Buffer.from(`of ${name}`),
      ]);
      expect((await roundTrip({ headers })).headers).toEqual(headers);
    });

    it('keep their timestamp, or get the time of sending', async () => {
      const timestamp = Date.now() - 60_000;
      expect((await roundTrip({ timestamp })).timestamp).toBe(timestamp);
      const before = Date.now();
      const given = (await roundTrip({})).timestamp;
      expect(given).toBeGreaterThanOrEqual(before - 1_000);
      expect(given).toBeLessThanOrEqual(Date.now() + 1_000);
    });

    it('are not changed by what the sender does to its buffers afterwards', async () => {
      const topic = await harness.topic();
      const [key, value, header] = texts(3, 'intact ').map((text) => Buffer.from(text)) as [
        Buffer,
        Buffer,
        Buffer,
      ];
      await harness.producer.send([record(topic, 0, { key, value, headers: [['name', header]] })]);
      for (const buffer of [key, value, header]) buffer.fill('x');
      const [received] = await (await harness.consumer('assigned', topic)).received(1);
      expect([received.key, received.value].map(String)).toEqual(['intact 0', 'intact 1']);
      expect(received.headers).toEqual([['name', Buffer.from('intact 2')]]);
    });

    it('get places in the order they were given, over topics and partitions', async () => {
      const [one, two] = [await harness.topic(2), await harness.topic()];
      await harness.send({ topic: one, partition: 1 }, 'earlier');
      const places = await harness.producer.send([
        record(one, 1),
        record(two, 0),
        record(one, 0),
        record(one, 1),
        record(two, 0),
      ]);
      expect(places).toEqual([
        { topic: one, partition: 1, offset: 1n },
        { topic: two, partition: 0, offset: 0n },
        { topic: one, partition: 0, offset: 0n },
        { topic: one, partition: 1, offset: 2n },
        { topic: two, partition: 0, offset: 1n },
      ]);
    });

    it('may be none at all', async () => {
      expect(await harness.producer.send([])).toEqual([]);
    });

    it('arrive complete in a large batch', async () => {
      const topic = await harness.topic();
      const consumer = await harness.consumer('assigned', topic);
      const all = texts(10_000);
      const places = await harness.send({ topic, partition: 0 }, ...all);
      expect(places.map(({ offset }) => offset)).toEqual(all.map(BigInt));
      await consumer.received(10_000);
      expect(consumer.values()).toEqual(all);
    });

    it('arrive though they are larger than a fetch', async () => {
      const topic = await harness.topic();
      await harness.send({ topic, partition: 0 }, 'a', 'b'.repeat(200_000), 'c');
      const consumer = await harness.consumer('assigned', topic, { maxBytesPerPartition: 10_000 });
      await consumer.received(3);
      expect(consumer.values().map(({ length }) => length)).toEqual([1, 200_000, 1]);
    });

    it('keep the order of their partition from call to call', async () => {
      const topic = await harness.topic(2);
      const all = texts(100);
      const calls = all.map((text, index) =>
        harness.producer.send([record(topic, index % 2, { value: Buffer.from(text) })]),
      );
      const places = (await Promise.all(calls)).flat();
      expect(places).toEqual(
        all.map((_, index) => ({ topic, partition: index % 2, offset: BigInt(index >> 1) })),
      );
    });

    it('each end in their own way', async () => {
      const topic = await harness.topic(2);
      const missing = uniqueName('missing');
      const large = { value: Buffer.alloc(1_200_000) };
      const results = await harness.producer.send([
        record(topic, 0),
        record(missing, 0),
        record(topic, 1, large),
        record(topic, 0),
        record(topic, 2),
      ]);
      expect(results).toEqual([
        { topic, partition: 0, offset: 0n },
        expect.objectContaining({ code: 'unknown-topic' }),
        expect.objectContaining({ code: 'payload-too-large' }),
        { topic, partition: 0, offset: 1n },
        expect.objectContaining({ code: 'unknown-topic' }),
      ]);
      for (const error of [results[1], results[2], results[4]]) expect(error).toBeInstanceOf(BrokerError);
    });

    it('are not stored behind one of their call and partition that was refused', async () => {
      const topic = await harness.topic(2);
      const [stored, large, behind, elsewhere] = await harness.producer.send([
        record(topic, 0, { value: Buffer.alloc(900_000) }),
        record(topic, 0, { value: Buffer.alloc(1_200_000) }),
        record(topic, 0),
        record(topic, 1),
      ]);
      expect([stored, elsewhere]).toEqual([
        { topic, partition: 0, offset: 0n },
        { topic, partition: 1, offset: 0n },
      ]);
      expect(large).toMatchObject({ code: 'payload-too-large' });
      expect(behind).toBe(large);
      expect(await harness.send({ topic, partition: 0 }, 'next call')).toEqual([
        { topic, partition: 0, offset: 1n },
      ]);
    });

    it('are refused above the limit of the broker, others before and after are not', async () => {
      const topic = await harness.topic();
      const place = { topic, partition: 0 };
      await harness.send(place, 'before', 'x'.repeat(1_000_000));
      const error = await rejectsWith('payload-too-large', harness.send(place, 'x'.repeat(1_200_000)));
      expect(error).toMatchObject({ retriable: false, fatal: false, fenced: false });
      await harness.send(place, 'after');
      const consumer = await harness.consumer('assigned', topic);
      await consumer.received(3);
      expect(consumer.values().map(({ length }) => length)).toEqual([6, 1_000_000, 5]);
    });

    it('are refused for a topic or a partition that does not exist, soon', async () => {
      await harness.producer.connect();
      await rejectsWith('unknown-topic', harness.send({ topic: uniqueName('missing'), partition: 0 }, 'x'));
      const topic = await harness.topic();
      await rejectsWith('unknown-topic', harness.send({ topic, partition: 1 }, 'x'));
      expect(await harness.send({ topic, partition: 0 }, 'x')).toEqual([{ topic, partition: 0, offset: 0n }]);
    });
  });
}
