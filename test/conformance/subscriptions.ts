import { describe, expect, it } from '@jest/globals';
import type { GroupStart } from '../../lib/broker/consumer.js';
import { waitFor } from '../support/kafka.js';
import type { Harness } from './harness.js';

/** What a group reads, and from where. */
export function describeSubscriptions(harness: Harness): void {
  describe('subscription', () => {
    it('starts each topic where that is to start', async () => {
      const [old, live] = [await harness.topic(), await harness.topic()];
      for (const topic of [old, live]) await harness.send({ topic, partition: 0 }, `${topic} before`);
      const startFrom = (topic: string): GroupStart => (topic === old ? 'earliest' : 'latest');
      const member = await harness.group(old, live).join({ startFrom });
      await harness.send({ topic: live, partition: 0 }, 'after');
      await member.received(2);
      expect(member.values().sort()).toEqual([`${old} before`, 'after'].sort());
    });

    it('starts at the first record from a time on, and remembers that', async () => {
      const topic = await harness.topic();
      const group = harness.group(topic);
      const time = Date.now() - 60_000;
      await harness.sendAt(
        { topic, partition: 0 },
        [time, 'old'],
        [time + 1_000, 'first'],
        [time + 2_000, 'second'],
      );
      const startFrom = () => ({ timestampMs: time + 500 });
      const first = await group.join({ startFrom });
      await first.received(2);
      await first.close();
      // It has committed nothing: what counts is where the group started, not where the clock is by now.
      const second = await group.join({ startFrom: () => 'latest' });
      await second.received(2);
      expect([first.values(), second.values()]).toEqual([
        ['first', 'second'],
        ['first', 'second'],
      ]);
    });

    it('takes topics on and gives topics up while it runs, and keeps the others', async () => {
      const [kept, given, taken] = [await harness.topic(2), await harness.topic(), await harness.topic(2)];
      const member = await harness.group(kept, given).join();
      member.consumer.subscribe([kept, taken]);
      await member.until(() => member.topics().join() === [kept, kept, taken, taken].sort().join());
      expect(member.revoked).toEqual([{ topic: given, partition: 0 }]);
      for (const topic of [kept, given, taken]) await harness.send({ topic, partition: 0 }, topic);
      await member.received(2);
      expect(member.values().sort()).toEqual([kept, taken].sort());
    });

    it('gives topics only to members that subscribe to them', async () => {
      const [common, own] = [await harness.topic(4), await harness.topic(2)];
      const group = harness.group(common);
      const [first, second] = [await group.join(), await group.join()];
      await group.balanced(first, second);
      second.consumer.subscribe([common, own]);
      const isSettled = () =>
        second.topics().filter((topic) => topic === own).length === 2 &&
        first.topics().length === 3 &&
        second.topics().length === 3;
      await waitFor(isSettled, { what: 'the new assignment' });
      await harness.send({ topic: own, partition: 1 }, 'for the second');
      await second.received(1);
    });

    it('subscribes to a topic that does not exist yet, and gets it when it does', async () => {
      const [topic, later] = [await harness.topic(), harness.unusedTopic()];
      const member = await harness.group(topic).join();
      member.consumer.subscribe([topic, later]);
      await harness.createTopic(later);
      await harness.send({ topic: later, partition: 0 }, 'a');
      await member.received(1);
      expect(member.values()).toEqual(['a']);
    });
  });
}
