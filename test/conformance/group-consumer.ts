import { describe, expect, it } from '@jest/globals';
import { uniqueName } from '../support/kafka.js';
import { gate, type Harness, rejectsWith, texts } from './harness.js';

/** One member of a group, and groups beside each other. */
export function describeGroupConsumer(harness: Harness): void {
  describe('group consumer', () => {
    it('reads all partitions of its topics', async () => {
      const [one, two] = [await harness.topic(2), await harness.topic(1)];
      const member = await harness.group(one, two).join();
      await harness.send({ topic: one, partition: 0 }, 'a');
      await harness.send({ topic: one, partition: 1 }, 'b');
      await harness.send({ topic: two, partition: 0 }, 'c');
      await member.received(3);
      expect(member.values().sort()).toEqual(['a', 'b', 'c']);
      expect(member.consumer.assignment()).toHaveLength(3);
    });

    it('starts at the earliest record', async () => {
      const topic = await harness.topic();
      await harness.send({ topic, partition: 0 }, 'before');
      const member = await harness.group(topic).join({ startFrom: () => 'earliest' });
      await harness.send({ topic, partition: 0 }, 'after');
      await member.received(2);
      expect(member.values()).toEqual(['before', 'after']);
      expect(member.assigned).toEqual([
        { topic, partition: 0, offset: 0n, metadata: '', epoch: expect.any(Number) },
      ]);
    });

    it('starts at the latest record, missing nothing once start has resolved', async () => {
      const topic = await harness.topic();
      await harness.send({ topic, partition: 0 }, 'before');
      const member = await harness.group(topic).join({ startFrom: () => 'latest' });
      await harness.send({ topic, partition: 0 }, 'after');
      await member.received(1);
      expect(member.values()).toEqual(['after']);
      expect(member.assigned).toEqual([
        { topic, partition: 0, offset: 1n, metadata: '', epoch: expect.any(Number) },
      ]);
    });

    it('remembers what latest was, though it has committed nothing', async () => {
      const topic = await harness.topic();
      const group = harness.group(topic);
      await harness.send({ topic, partition: 0 }, 'before');
      await (await group.join({ startFrom: () => 'latest' })).close();
      await harness.send({ topic, partition: 0 }, 'while it was down');
      const member = await group.join({ startFrom: () => 'latest' });
      await member.received(1);
      expect(member.values()).toEqual(['while it was down']);
    });

    it('gets everything, beside other groups', async () => {
      const topic = await harness.topic();
      const members = [await harness.group(topic).join(), await harness.group(topic).join()];
      await harness.send({ topic, partition: 0 }, ...texts(50));
      for (const member of members) {
        await member.received(50);
        expect(member.values()).toEqual(texts(50));
      }
    });

    it('hands over nothing before onAssigned has settled, nor resolves start', async () => {
      const topic = await harness.topic();
      await harness.send({ topic, partition: 0 }, 'a');
      const ready = gate();
      const member = harness.group(topic).member({ onAssigned: () => ready.opened });
      let started = false;
      const start = member.consumer.start().then(() => (started = true));
      await member.until(() => member.assigned.length === 1);
      const sentinel = await harness.consumer('assigned', topic);
      await sentinel.received(1);
      expect(started).toBe(false);
      expect(member.records).toEqual([]);
      ready.open();
      await start;
      await member.received(1);
    });

    it('rejects a topic that does not exist, soon, and has failed then', async () => {
      const topic = await harness.topic();
      const member = harness.group(topic, uniqueName('missing')).member();
      await rejectsWith('unknown-topic', member.consumer.start());
      expect(member.states.at(-1)).toBe('failed');
    });

    it('goes on at the earliest record where the committed ones were deleted', async () => {
      const topic = await harness.topic();
      const place = { topic, partition: 0 };
      const group = harness.group(topic);
      const first = await group.join();
      await harness.send(place, ...texts(10));
      await first.commit({ ...place, offset: 2n });
      await first.close();
      await harness.deleteRecordsBefore({ ...place, offset: 7n });
      const second = group.member();
      second.mayJump = true;
      await second.consumer.start();
      await second.received(3);
      expect(second.values()).toEqual(['7', '8', '9']);
    });

    it('tells its state', async () => {
      const topic = await harness.topic();
      const member = await harness.group(topic).join();
      await member.until(() => member.states.at(-1) === 'running');
      expect(member.states[0]).toBe('starting');
      await member.close();
      expect(member.states.at(-1)).toBe('closed');
    });
  });
}
