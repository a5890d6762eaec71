import { describe, expect, it } from '@jest/globals';
import { uniqueName } from '../support/kafka.js';
import { type Harness, record, rejectsWith, texts } from './harness.js';

/** The consumer without a group. */
export function describeAssignedConsumer(harness: Harness): void {
  describe('assigned consumer', () => {
    /** A partition with three records, a second apart. */
    async function threeRecords(): Promise<{ topic: string; partition: number; time: number }> {
      const topic = await harness.topic();
      const time = Date.now() - 60_000;
      await harness.producer.send(
        texts(3).map((text, index) =>
          record(topic, 0, { value: Buffer.from(text), timestamp: time + index * 1_000 }),
        ),
      );
      return { topic, partition: 0, time };
    }

    it.each([
      ['the earliest record', () => 'earliest' as const, 0n],
      ['the latest', () => 'latest' as const, 3n],
      ['a number', () => 2n, 2n],
      ['a time between two records', (time: number) => ({ timestampMs: time + 500 }), 1n],
      ['the time of a record', (time: number) => ({ timestampMs: time + 2_000 }), 2n],
      ['a time after all records', () => ({ timestampMs: Date.now() + 60_000 }), 3n],
    ])('starts at %s, and knows the offset when assign resolves', async (_, startOf, offset) => {
      const { time, ...place } = await threeRecords();
      const reader = harness.reader();
      expect(await reader.assign({ ...place, start: startOf(time) })).toEqual([{ ...place, offset }]);
      await harness.send(place, '3', '4');
      await reader.received(5 - Number(offset));
      expect(reader.values()).toEqual(texts(5).slice(Number(offset)));
    });

    it('misses nothing that is sent once assign has resolved', async () => {
      const topic = await harness.topic();
      await harness.producer.connect();
      for (let round = 0; round < 10; round++) {
        const reader = harness.reader();
        const [place] = await reader.assign({ topic, partition: 0, start: 'latest' });
        await harness.send({ topic, partition: 0 }, `${round}`);
        expect(await reader.received(1)).toMatchObject([place]);
        await reader.close();
      }
    });

    it('gets everything, beside others on the same partition', async () => {
      const topic = await harness.topic();
      const readers = [harness.reader(), harness.reader(), harness.reader()];
      for (const reader of readers) await reader.assign({ topic, partition: 0, start: 'earliest' });
      await harness.send({ topic, partition: 0 }, ...texts(100));
      for (const reader of readers) {
        await reader.received(100);
        expect(reader.values()).toEqual(texts(100));
      }
    });

    it('reads only what it is assigned, partitions of several topics too', async () => {
      const [one, two] = [await harness.topic(3), await harness.topic(1)];
      const reader = harness.reader();
      await reader.assign(
        { topic: one, partition: 2, start: 'earliest' },
        { topic: two, partition: 0, start: 'earliest' },
      );
      await harness.send({ topic: one, partition: 1 }, 'not this');
      await harness.send({ topic: one, partition: 2 }, 'this');
      await harness.send({ topic: two, partition: 0 }, 'and this');
      await reader.received(2);
      expect(reader.values().sort()).toEqual(['and this', 'this']);
    });

    it('replaces what it reads when it is assigned anew', async () => {
      const topic = await harness.topic(2);
      const reader = harness.reader();
      await reader.assign({ topic, partition: 0, start: 'earliest' });
      await harness.send({ topic, partition: 0 }, 'a');
      await reader.received(1);
      await reader.assign({ topic, partition: 1, start: 'latest' });
      await harness.send({ topic, partition: 0 }, 'b');
      await harness.send({ topic, partition: 1 }, 'c');
      await reader.received(2);
      await reader.assign({ topic, partition: 0, start: 0n });
      await reader.received(4);
      expect(reader.values()).toEqual(['a', 'c', 'a', 'b']);
    });

    it('rejects a topic that does not exist, soon', async () => {
      const missing = { topic: uniqueName('missing'), partition: 0 };
      await rejectsWith('unknown-topic', harness.reader().assign({ ...missing, start: 'latest' }));
      await rejectsWith('unknown-topic', harness.reader().assign({ ...missing, start: 0n }));
    });

    it('goes on at the earliest record where it should read deleted ones', async () => {
      const { topic, partition } = await threeRecords();
      await harness.deleteRecordsBefore({ topic, partition, offset: 2n });
      const reader = harness.reader();
      reader.mayJump = true;
      await reader.assign({ topic, partition, start: 0n });
      await reader.received(1);
      await harness.send({ topic, partition }, '3');
      await reader.received(2);
      expect(reader.values()).toEqual(['2', '3']);
    });

    it('goes on at the earliest record where records were deleted before it got to them', async () => {
      const { topic, partition } = await threeRecords();
      const reader = harness.reader({ onBatch: (batch, self) => self.pause(batch) });
      reader.mayJump = true;
      await reader.assign({ topic, partition, start: 1n });
      await reader.received(1);
      const { length } = reader.records;
      await harness.send({ topic, partition }, ...texts(100, 'later-'));
      await harness.deleteRecordsBefore({ topic, partition, offset: 53n });
      await harness.send({ topic, partition }, 'last');
      reader.resume({ topic, partition });
      await reader.until(() => reader.records.length > length);
      // A driver may have fetched some before they were deleted; none that exists may be missing.
      await reader.until(() => {
        reader.resume({ topic, partition });
        return reader.values().at(-1) === 'last';
      });
      expect(reader.values().slice(-51)).toEqual([...texts(100, 'later-').slice(50), 'last']);
    });

    it('tells its position', async () => {
      const { topic, partition } = await threeRecords();
      const reader = harness.reader();
      expect(reader.consumer.position({ topic, partition })).toBeUndefined();
      await reader.assign({ topic, partition, start: 1n });
      expect(reader.consumer.position({ topic, partition })).toBe(1n);
      await reader.received(2);
      expect(reader.consumer.position({ topic, partition })).toBe(3n);
    });

    it('tells its state', async () => {
      const topic = await harness.topic();
      const reader = harness.reader();
      await reader.assign({ topic, partition: 0, start: 'latest' });
      await reader.until(() => reader.states.at(-1) === 'running');
      expect(reader.states[0]).toBe('starting');
    });
  });
}
