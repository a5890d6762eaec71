import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AssignableMember, assignCooperatively } from '../../../lib/broker/cooperative-assignor.js';
import type { TopicPartition } from '../../../lib/broker/record.js';

/** A group as the broker would see it: rounds are run until no member has to join again. */
class Group {
  readonly members = new Map<string, AssignableMember>();
  generation = 0;
  moved = 0;

  constructor(private readonly partitionCounts: ReadonlyMap<string, number>) {}

  join(memberId: string, topics = [...this.partitionCounts.keys()]): void {
    this.members.set(memberId, { memberId, topics, owned: [], generation: -1 });
  }

  leave(memberId: string): void {
    this.members.delete(memberId);
  }

  /** One generation; true if somebody has to join again. */
  round(): boolean {
    const input = { members: [...this.members.values()], partitionCounts: this.partitionCounts };
    const { assignment, settled } = assignCooperatively(input);
    expect(assignCooperatively({ ...input, members: input.members.toReversed() })).toEqual({
      assignment,
      settled,
    });
    this.generation += 1;
    const before = new Map(this.members);
    for (const [memberId, assigned] of assignment) {
      const member = before.get(memberId)!;
      const kept = new Set(assigned.map(key));
      this.moved += member.owned.filter((partition) => !kept.has(key(partition))).length;
      this.members.set(memberId, { ...member, owned: assigned, generation: this.generation });
      expectNotOwnedByOthers(memberId, assigned, before);
    }
    return !settled;
  }

  settle(): number {
    let rounds = 1;
    while (this.round()) rounds += 1;
    return rounds;
  }

  loads(): number[] {
    return [...this.members.values()].map(({ owned }) => owned.length).sort((a, b) => a - b);
  }

  owned(): string[] {
    return [...this.members.values()].flatMap(({ owned }) => owned.map(key)).sort();
  }
}

function key({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}

/** The safety property: what another live member owned before the round is not handed out in it. */
function expectNotOwnedByOthers(
  memberId: string,
  assigned: readonly TopicPartition[],
  before: ReadonlyMap<string, AssignableMember>,
): void {
  const granted = new Set(assigned.map(key));
  for (const other of before.values()) {
    if (other.memberId === memberId) continue;
    expect(other.owned.map(key).filter((partition) => granted.has(partition))).toEqual([]);
  }
}

function everyPartition(counts: ReadonlyMap<string, number>): string[] {
  return [...counts]
    .flatMap(([topic, count]) => Array.from({ length: count }, (_, p) => `${topic}:${p}`))
    .sort();
}

function groupBySubscription(members: Iterable<AssignableMember>): Map<string, AssignableMember[]> {
  const groups = new Map<string, AssignableMember[]>();
  for (const member of members) {
    const subscription = member.topics.join();
    groups.set(subscription, [...(groups.get(subscription) ?? []), member]);
  }
  return groups;
}

const partitionCounts = fc
  .array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 })
  .map((counts) => new Map(counts.map((count, index) => [`t${index}`, count])));

const change = fc.record({ joins: fc.boolean(), who: fc.integer({ min: 0, max: 7 }) });

describe('assignCooperatively', () => {
  it('converges, balanced, with every partition owned once, whoever joins and leaves', () => {
    fc.assert(
      fc.property(partitionCounts, fc.array(change, { maxLength: 12 }), (counts, changes) => {
        const group = new Group(counts);
        group.join('m0');
        for (const { joins, who } of changes) {
          if (joins && !group.members.has(`m${who}`)) group.join(`m${who}`);
          else if (!joins && group.members.size > 1) group.leave(`m${who}`);
          expect(group.settle()).toBeLessThanOrEqual(2);
          const loads = group.loads();
          expect(loads.at(-1)! - loads[0]).toBeLessThanOrEqual(1);
          expect(group.owned()).toEqual(everyPartition(counts));
        }
      }),
    );
  });

  it('converges when changes come in the middle of a rebalance', () => {
    fc.assert(
      fc.property(partitionCounts, fc.array(change, { maxLength: 20 }), (counts, changes) => {
        const group = new Group(counts);
        group.join('m0');
        for (const { joins, who } of changes) {
          if (joins && !group.members.has(`m${who}`)) group.join(`m${who}`);
          else if (!joins && group.members.size > 1) group.leave(`m${who}`);
          group.round();
        }
        expect(group.settle()).toBeLessThanOrEqual(3);
        expect(group.owned()).toEqual(everyPartition(counts));
      }),
    );
  });

  it('moves only what the new member gets, and nothing when a member leaves', () => {
    fc.assert(
      fc.property(partitionCounts, fc.integer({ min: 1, max: 8 }), (counts, size) => {
        const group = new Group(counts);
        for (let i = 0; i < size; i++) group.join(`m${i}`);
        group.settle();
        expect(group.moved).toBe(0);
        group.join('new');
        group.settle();
        expect(group.moved).toBe(group.members.get('new')!.owned.length);
        group.moved = 0;
        group.leave('new');
        expect(group.settle()).toBe(1);
        expect(group.moved).toBe(0);
      }),
    );
  });

  it('changes nothing when the same members join again', () => {
    fc.assert(
      fc.property(partitionCounts, fc.integer({ min: 1, max: 8 }), (counts, size) => {
        const group = new Group(counts);
        for (let i = 0; i < size; i++) group.join(`m${i}`);
        group.settle();
        const before = [...group.members.values()].map(({ owned }) => owned);
        expect(group.settle()).toBe(1);
        expect([...group.members.values()].map(({ owned }) => owned)).toEqual(before);
      }),
    );
  });

  it('respects different subscriptions, balanced among equal ones', () => {
    const topicsOf = fc.array(fc.subarray(['t0', 't1', 't2'], { minLength: 1 }), {
      minLength: 1,
      maxLength: 7,
    });
    const threeTopics = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(topicsOf, threeTopics, (subscriptions, sizes) => {
        const counts = new Map(sizes.map((count, index) => [`t${index}`, count]));
        const group = new Group(counts);
        subscriptions.forEach((topics, index) => {
          group.join(`m${index}`, topics);
          expect(group.settle()).toBeLessThanOrEqual(4);
        });
        const bySubscription = groupBySubscription(group.members.values());
        for (const members of bySubscription.values()) {
          const loads = members.map(({ owned }) => owned.length);
          expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        }
        for (const { owned, topics } of group.members.values())
          expect(owned.every(({ topic }) => topics.includes(topic))).toBe(true);
        const subscribed = new Map(
          [...counts].filter(([topic]) => subscriptions.some((s) => s.includes(topic))),
        );
        expect(group.owned()).toEqual(everyPartition(subscribed));
      }),
    );
  });

  it('spreads each topic, not only the sum', () => {
    const group = new Group(
      new Map([
        ['a', 4],
        ['b', 4],
      ]),
    );
    group.join('m0');
    group.settle();
    group.join('m1');
    group.settle();
    expect(group.members.get('m1')!.owned.map(({ topic }) => topic)).toEqual(['a', 'a', 'b', 'b']);
  });

  it('believes the claim of the higher generation', () => {
    const owned = [{ topic: 't', partition: 0 }];
    const { assignment, settled } = assignCooperatively({
      members: [
        { memberId: 'stale', topics: ['t'], owned, generation: 3 },
        { memberId: 'true', topics: ['t'], owned, generation: 4 },
      ],
      partitionCounts: new Map([['t', 1]]),
    });
    expect(assignment).toEqual(
      new Map([
        ['stale', []],
        ['true', owned],
      ]),
    );
    expect(settled).toBe(true);
  });

  it('withholds a partition that two members claim with equal right', () => {
    const owned = [{ topic: 't', partition: 0 }];
    const { assignment, settled } = assignCooperatively({
      members: ['a', 'b'].map((memberId) => ({ memberId, topics: ['t'], owned, generation: 3 })),
      partitionCounts: new Map([['t', 1]]),
    });
    expect(assignment).toEqual(
      new Map([
        ['a', []],
        ['b', []],
      ]),
    );
    expect(settled).toBe(false);
  });

  it('withholds what its owner does not subscribe to any more', () => {
    const { assignment, settled } = assignCooperatively({
      members: [
        { memberId: 'a', topics: ['u'], owned: [{ topic: 't', partition: 0 }], generation: 1 },
        { memberId: 'b', topics: ['t'], owned: [], generation: -1 },
      ],
      partitionCounts: new Map([
        ['t', 1],
        ['u', 1],
      ]),
    });
    expect(assignment).toEqual(
      new Map([
        ['a', [{ topic: 'u', partition: 0 }]],
        ['b', []],
      ]),
    );
    expect(settled).toBe(false);
  });
});
