import { describe, expect, it } from '@jest/globals';
import { waitFor } from '../support/kafka.js';
import type { Harness } from './harness.js';

/** What a consumer tells of itself. */
export function describeActivity(harness: Harness): void {
  describe.each(['assigned', 'group'] as const)('the activity of a consumer (%s)', (kind) => {
    it('shows its contact with the broker, again and again, also where nothing is to be read', async () => {
      const topic = await harness.topic();
      const { consumer } = await harness.consumer(kind, topic, { maxWaitMs: 50 });
      const before = await contactAfter(0, () => consumer.activity().lastContactAt);
      const after = await contactAfter(before, () => consumer.activity().lastContactAt);
      expect(after).toBeGreaterThan(before);
      expect(Math.abs(Date.now() - after)).toBeLessThan(60_000);
    });

    it('never moves a contact back', async () => {
      const topic = await harness.topic();
      const { consumer } = await harness.consumer(kind, topic);
      let last = await contactAfter(0, () => consumer.activity().lastContactAt);
      for (let look = 0; look < 10_000; look++) {
        const contact = consumer.activity().lastContactAt ?? 0;
        expect(contact >= last).toBe(true);
        last = contact;
      }
    });

    it('does not show a standstill while records are handed over', async () => {
      const topic = await harness.topic();
      const started = Date.now();
      const reader = await harness.consumer(kind, topic);
      await harness.send({ topic, partition: 0 }, 'a', 'b');
      await reader.received(2);
      expect(reader.consumer.activity().lastPolledAt ?? started).toBeGreaterThanOrEqual(started - 1_000);
    });

    it('shows nothing to do after the end', async () => {
      const topic = await harness.topic();
      const reader = await harness.consumer(kind, topic);
      await reader.close();
      expect(reader.consumer.activity().lastPolledAt).toBeUndefined();
    });
  });

  it('a member that is not started has not joined, and has nothing to do', async () => {
    const member = harness.group(await harness.topic()).member();
    expect(member.consumer.activity()).toEqual({
      lastPolledAt: undefined,
      lastContactAt: undefined,
      joins: 0,
    });
  });

  it('counts the joins until the member is settled', async () => {
    const topic = await harness.topic(2);
    const group = harness.group(topic);
    const joins: number[] = [];
    const first = await group.join({
      onAssigned: (_, { consumer }) => void joins.push(consumer.activity().joins),
      onRevoked: (_, { consumer }) => void joins.push(consumer.activity().joins),
    });
    expect(joins.at(0)).toBeGreaterThan(0);
    const second = await group.join();
    await group.balanced(first, second);
    await waitFor(() => [first, second].every(({ consumer }) => consumer.activity().joins === 0), {
      what: 'both members to be settled',
    });
    expect(Math.min(...joins)).toBeGreaterThan(0);
  });
}

function contactAfter(time: number, contact: () => number | undefined): Promise<number> {
  return waitFor(() => ((contact() ?? 0) > time ? contact() : undefined), {
    what: 'contact with the broker',
  });
}
