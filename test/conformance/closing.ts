import { describe, expect, it } from '@jest/globals';
import { gate, type Harness, rejectsWith, texts } from './harness.js';
import { numbersOf } from './recording-consumer.js';
import { within } from './within.js';

/** Far more than a close takes; a fetch that is idle, and the session of a member that has left, take longer. */
const QUICKLY_MS = 10_000;
const LONG_MS = 25_000;

/** Everything ends, soon and for good. The recording consumers report callbacks after their close. */
export function describeClosing(harness: Harness): void {
  const quickly = (closing: Promise<unknown>) => within(QUICKLY_MS, closing, () => 'close');

  describe('close', () => {
    it('is quick though a fetch is idle, and may be called again', async () => {
      const topic = await harness.topic();
      for (const kind of ['assigned', 'group'] as const) {
        const consumer = await harness.consumer(kind, topic, { maxWaitMs: LONG_MS });
        await harness.send({ topic, partition: 0 }, 'a');
        await consumer.received(1);
        await quickly(Promise.all([consumer.close(), consumer.close()]));
        await quickly(consumer.close());
        expect(consumer.states.filter((state) => state === 'closed')).toHaveLength(1);
      }
    });

    it('ends a consumer’s callbacks', async () => {
      const topic = await harness.topic();
      const place = { topic, partition: 0 };
      const closed = [await harness.consumer('assigned', topic), await harness.consumer('group', topic)];
      await harness.send(place, ...texts(1_000));
      for (const consumer of closed) await consumer.close();
      await harness.send(place, 'after');
      const sentinel = await harness.consumer('assigned', topic);
      await sentinel.received(1_001);
      for (const consumer of closed) expect(consumer.values()).not.toContain('after');
    });

    it('works for what was never used', async () => {
      const topic = await harness.topic();
      for (const component of [
        harness.newProducer(),
        harness.newAdmin(),
        harness.reader(),
        harness.group(topic).member(),
      ]) {
        await quickly(component.close());
        await quickly(component.close());
      }
    });

    it('of a member revokes everything and frees it at once', async () => {
      const topic = await harness.topic(3);
      const group = harness.group(topic);
      const first = await group.join({
        sessionTimeoutMs: LONG_MS,
        onRevoked: (partitions, member) => member.commitReceived(partitions),
      });
      await harness.send({ topic, partition: 1 }, 'a', 'b');
      await first.received(2);
      await quickly(first.close());
      expect(numbersOf(first.revoked)).toEqual([0, 1, 2]);
      expect(first.consumer.assignment()).toEqual([]);
      const second = await within(QUICKLY_MS, group.join(), () => 'the next member');
      await harness.send({ topic, partition: 1 }, 'c');
      await second.received(1);
      expect(second.values()).toEqual(['c']);
    });

    it('of a member waits for onRevoked', async () => {
      const topic = await harness.topic();
      const drained = gate();
      const member = await harness.group(topic).join({ onRevoked: () => drained.opened });
      let closed = false;
      const closing = member.close().then(() => (closed = true));
      await member.until(() => member.revoked.length === 1);
      await harness.admin.ping();
      expect(closed).toBe(false);
      drained.open();
      await quickly(closing);
    });

    it('ends a start that is under way', async () => {
      const topic = await harness.topic();
      const member = harness.group(topic).member();
      const started = member.consumer.start().catch((error: unknown) => error);
      await quickly(member.close());
      await quickly(started);
      expect(member.consumer.assignment()).toEqual([]);
    });

    it('of a producer waits for the sends under way', async () => {
      const topic = await harness.topic();
      const producer = harness.newProducer();
      await producer.connect();
      const settled: string[] = [];
      const sent = producer
        .send(
          texts(100).map((text) => ({
            topic,
            partition: 0,
            key: null,
            value: Buffer.from(text),
            headers: [],
          })),
        )
        .then(() => settled.push('sent'));
      await producer.close();
      expect(settled).toEqual(['sent']);
      await sent;
    });

    it('is for good', async () => {
      const topic = await harness.topic();
      const place = { topic, partition: 0 };
      const producer = harness.newProducer();
      await producer.connect();
      await producer.close();
      const record = { ...place, key: null, value: null, headers: [] };
      await rejectsWith('closed', producer.send([record]));
      const reader = harness.reader();
      await reader.close();
      await rejectsWith('closed', reader.assign({ ...place, start: 'latest' }));
      const member = harness.group(topic).member();
      await member.close();
      await rejectsWith('closed', member.consumer.start());
    });
  });
}
