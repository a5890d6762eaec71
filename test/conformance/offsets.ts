import { describe, expect, it } from '@jest/globals';
import { type Harness, rejectsWith, texts } from './harness.js';

/** What a group commits. */
export function describeOffsets(harness: Harness): void {
  describe('committed offsets', () => {
    it('are where the next owner starts, with their metadata', async () => {
      const topic = await harness.topic();
      const place = { topic, partition: 0 };
      const group = harness.group(topic);
      await harness.send(place, ...texts(5));
      const first = await group.join();
      await first.received(5);
      const metadata = '{"done":[4],"note":"größer ✓"}';
      await first.commit({ ...place, offset: 3n, metadata });
      await first.close();

      const second = await group.join();
      await second.received(2);
      expect(second.values()).toEqual(['3', '4']);
      expect(second.assigned).toEqual([{ ...place, offset: 3n, metadata, epoch: expect.any(Number) }]);
      expect(second.assigned[0].epoch).toBeGreaterThan(first.assigned[0].epoch);
      expect(await group.fetchCommitted(topic)).toEqual([{ ...place, offset: 3n, metadata }]);
    });

    it('replace each other, each partition for itself', async () => {
      const topic = await harness.topic(3);
      const group = harness.group(topic);
      const member = await group.join();
      await harness.send({ topic, partition: 0 }, ...texts(9));
      await harness.send({ topic, partition: 1 }, ...texts(9));
      await member.commit(
        { topic, partition: 0, offset: 5n, metadata: 'old' },
        { topic, partition: 1, offset: 6n, metadata: 'kept' },
      );
      await member.commit({ topic, partition: 0, offset: 4n });
      expect(await group.fetchCommitted(topic)).toEqual([
        { topic, partition: 0, offset: 4n, metadata: '' },
        { topic, partition: 1, offset: 6n, metadata: 'kept' },
        { topic, partition: 2, offset: null, metadata: '' },
      ]);
    });

    it('may be of a partition that is paused, and need no record handed over', async () => {
      const topic = await harness.topic();
      const place = { topic, partition: 0 };
      const group = harness.group(topic);
      const member = await group.join();
      await harness.send(place, ...texts(3));
      await member.received(3);
      member.pause(place);
      await member.commit({ ...place, offset: 3n });
      await member.commit();
      expect(await group.committed(topic)).toEqual([3n]);
    });

    it('are refused, all of the call, for a partition that another member owns', async () => {
      const topic = await harness.topic(2);
      const group = harness.group(topic);
      const first = await group.join();
      const second = await group.join();
      await group.balanced(first, second);
      const [own, other] = [first.consumer.assignment()[0], second.consumer.assignment()[0]];
      const refused = first.commit({ ...own, offset: 1n }, { ...other, offset: 1n });
      expect(await rejectsWith('fenced', refused)).toMatchObject({
        fenced: true,
        retriable: false,
        fatal: false,
      });
      expect(await group.committed(topic)).toEqual([null, null]);
      await first.commit({ ...own, offset: 1n });
    });

    it('are refused for a partition that was never assigned', async () => {
      const topic = await harness.topic();
      const member = await harness.group(topic).join();
      const refused = member.commit({ topic: await harness.topic(), partition: 0, offset: 1n });
      expect(await rejectsWith('fenced', refused)).toMatchObject({ fenced: true });
    });

    it('are refused, without fencing, when their metadata is too long', async () => {
      const topic = await harness.topic();
      const member = await harness.group(topic).join();
      const place = { topic, partition: 0, offset: 0n };
      const refused = member.commit({ ...place, metadata: 'x'.repeat(5_000) });
      expect(await rejectsWith('payload-too-large', refused)).toMatchObject({ fenced: false, fatal: false });
      await member.commit({ ...place, metadata: 'x'.repeat(4_096) });
    });
  });
}
