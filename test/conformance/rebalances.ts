import { describe, expect, it } from '@jest/globals';
import type { TopicPartition } from '../../lib/broker/record.js';
import { waitFor } from '../support/kafka.js';
import { gate, type Harness, texts } from './harness.js';
import { numbersOf } from './recording-consumer.js';

/** Members come and go. */
export function describeRebalances(harness: Harness): void {
  describe('rebalance', () => {
    it('spreads the partitions evenly, also when several join at once', async () => {
      const topic = await harness.topic(7);
      const group = harness.group(topic);
      const members = await Promise.all([group.join(), group.join(), group.join()]);
      await group.balanced(...members);
      expect(numbersOf(members.flatMap((member) => member.consumer.assignment()))).toEqual([
        0, 1, 2, 3, 4, 5, 6,
      ]);
    });

    it('leaves a member idle when there are more members than partitions', async () => {
      const topic = await harness.topic();
      const group = harness.group(topic);
      const first = await group.join();
      const second = await group.join();
      expect(second.partitions()).toEqual([]);
      await first.close();
      await waitFor(() => second.partitions().length === 1, { what: 'the partition’s next owner' });
      await harness.send({ topic, partition: 0 }, 'a');
      await second.received(1);
    });

    it('moves only what has to move when a member joins', async () => {
      const topic = await harness.topic(4);
      const group = harness.group(topic);
      const first = await group.join();
      const second = await group.join();
      await group.balanced(first, second);
      expect(first.assigned).toHaveLength(4);
      expect(numbersOf(first.revoked)).toEqual(second.partitions());
      expect(second.revoked).toEqual([]);
    });

    it('moves only what is free when a member leaves', async () => {
      const topic = await harness.topic(6);
      const group = harness.group(topic);
      const members = await Promise.all([group.join(), group.join(), group.join()]);
      const [first, second, third] = [members[0], members[1], members[2]];
      await group.balanced(...members);
      const revoked = [...first.revoked, ...second.revoked];
      const [firstKept, secondKept] = [first.partitions(), second.partitions()];
      await third.close();
      await group.balanced(first, second);
      expect([...first.revoked, ...second.revoked]).toEqual(revoked);
      expect(first.partitions()).toEqual(expect.arrayContaining(firstKept));
      expect(second.partitions()).toEqual(expect.arrayContaining(secondKept));
    });

    it('goes on with what stays while onRevoked is still running', async () => {
      const topic = await harness.topic(2);
      const group = harness.group(topic);
      const drained = gate();
      const first = await group.join({ onRevoked: () => drained.opened });
      const second = group.member();
      const started = second.consumer.start();
      await first.until(() => first.revoked.length > 0);
      const kept = { topic, partition: 1 - first.revoked[0].partition };
      await harness.send(kept, ...texts(10));
      await first.received(10);
      await first.commit({ ...kept, offset: 10n });
      drained.open();
      await started;
      await group.balanced(first, second);
      await harness.send(kept, 'more');
      await first.received(11);
    });

    it('waits for onRevoked, and accepts its commits, before another member owns the partition', async () => {
      const topic = await harness.topic(2);
      const group = harness.group(topic);
      const drained = gate();
      const first = await group.join({ onRevoked: () => drained.opened });
      await harness.send({ topic, partition: 0 }, ...texts(5));
      await harness.send({ topic, partition: 1 }, ...texts(5));
      await first.received(10);
      const second = group.member();
      const started = second.consumer.start();
      await first.until(() => first.revoked.length > 0);
      const moved = first.revoked[0];
      await first.commit({ ...moved, offset: 2n, metadata: 'first' });
      await first.commit({ ...moved, offset: 3n, metadata: 'drained' });
      expect(second.assigned).toEqual([]);
      drained.open();
      await started;
      await second.received(2);
      expect(second.values()).toEqual(['3', '4']);
      expect(second.assigned).toMatchObject([{ ...moved, offset: 3n, metadata: 'drained' }]);
      const before = first.assigned.find(({ partition }) => partition === moved.partition);
      expect(second.assigned[0].epoch).toBeGreaterThan(before!.epoch);
    });

    it('waits for onRevoked also when yet another member joins meanwhile', async () => {
      const topic = await harness.topic(4);
      const group = harness.group(topic);
      const drained = gate();
      let isDrained = false;
      const early: number[] = [];
      const onAssigned = (partitions: readonly TopicPartition[]) => {
        if (!isDrained) early.push(...numbersOf(partitions));
      };
      const first = await group.join({ onRevoked: () => drained.opened });
      const others = [group.member({ onAssigned }), group.member({ onAssigned })];
      const started = [others[0].consumer.start()];
      await first.until(() => first.revoked.length > 0);
      started.push(others[1].consumer.start());
      const size = async () => (await harness.admin.describeGroup(group.id)).members.length;
      await waitFor(async () => (await size()) === 3, { what: 'the third member' });
      const moving = numbersOf(first.revoked);
      const kept = { topic, partition: [0, 1, 2, 3].find((partition) => !moving.includes(partition))! };
      await harness.send(kept, 'meanwhile');
      await first.received(1);
      isDrained = true;
      drained.open();
      await Promise.all(started);
      await group.balanced(first, ...others);
      expect(early).toEqual([]);
    });

    it('waits for onRevoked of a member that closes, and accepts its commits', async () => {
      const topic = await harness.topic(2);
      const group = harness.group(topic);
      const drained = gate();
      const first = await group.join();
      const second = await group.join({ onRevoked: () => drained.opened });
      await group.balanced(first, second);
      const moved = { topic, partition: second.partitions()[0] };
      await harness.send(moved, ...texts(3));
      await second.received(3);
      const assigned = first.assigned.length;
      const closed = second.close();
      await second.until(() => second.revoked.length === 1);
      await second.commit({ ...moved, offset: 2n });
      expect(first.assigned).toHaveLength(assigned);
      drained.open();
      await closed;
      await first.received(1);
      expect(first.values()).toEqual(['2']);
    });

    it('hands over nothing twice and loses nothing when owners commit in onRevoked', async () => {
      const topic = await harness.topic(4);
      const group = harness.group(topic);
      const onRevoked: NonNullable<Parameters<typeof group.member>[0]>['onRevoked'] = (partitions, member) =>
        member.commitReceived(partitions);
      const members = [await group.join({ onRevoked })];
      const sent: string[] = [];
      const stop = new AbortController();
      const sender = (async () => {
        for (let n = 0; !stop.signal.aborted; n++) {
          const values = texts(5, `${n}-`);
          await harness.send({ topic, partition: n % 4 }, ...values);
          sent.push(...values);
        }
      })();
      const total = () => members.reduce((sum, { records }) => sum + records.length, 0);
      const grows = (from = total()) => waitFor(() => total() > from + 20, { what: 'more records' });

      members.push(await group.join({ onRevoked }));
      await group.balanced(...members);
      await grows();
      members.push(await group.join({ onRevoked }));
      await group.balanced(...members);
      await grows();
      await members[0].close();
      await group.balanced(members[1], members[2]);
      await grows();
      stop.abort();
      await sender;
      await waitFor(() => total() >= sent.length, { what: 'the last records' });
      expect(members.flatMap((member) => member.values()).sort()).toEqual(sent.sort());
    });

    it('leaves a pause of what stays as it is', async () => {
      const topic = await harness.topic(2);
      const group = harness.group(topic);
      const first = await group.join();
      first.pause({ topic, partition: 0 }, { topic, partition: 1 });
      const second = await group.join();
      await group.balanced(first, second);
      const [kept, moved] = [first.consumer.assignment()[0], second.consumer.assignment()[0]];
      await harness.send(kept, 'paused');
      await harness.send(moved, 'not paused');
      await second.received(1);
      expect(first.values()).toEqual([]);
      first.resume(kept);
      await first.received(1);
    });

    it('shows in the state of who is affected', async () => {
      const topic = await harness.topic(2);
      const group = harness.group(topic);
      const first = await group.join();
      const second = await group.join();
      await group.balanced(first, second);
      await first.until(() => first.states.at(-1) === 'running');
      expect(first.states).toContain('rebalancing');
    });
  });
}
