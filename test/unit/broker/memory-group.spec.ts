import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GroupConsumer } from '../../../lib/broker/consumer.js';
import { MemoryBroker } from '../../../lib/broker/memory/memory-broker.js';
import { MemoryCluster } from '../../../lib/broker/memory/memory-cluster.js';
import type { TopicPartition } from '../../../lib/broker/record.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { ManualSchedule } from './manual-schedule.js';

const PARTITIONS = 3;
const identity = { clientId: 'test' };

type Step =
  | { readonly do: 'send'; readonly partition: number; readonly count: number }
  | { readonly do: 'join' }
  | { readonly do: 'leave' | 'commit' | 'pause' | 'resume'; readonly member: number }
  | { readonly do: 'run'; readonly tasks: number };

const someMember = fc.nat(5);
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), partition: fc.nat(PARTITIONS - 1), count: fc.integer({ min: 1, max: 700 }) }) }, // prettier-ignore
    { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('leave', 'commit', 'pause', 'resume'), member: someMember }) }, // prettier-ignore
    { weight: 4, arbitrary: fc.record({ do: fc.constant('run' as const), tasks: fc.nat(8) }) },
  ),
  { maxLength: 40 },
);

/** A group on a memory broker whose tasks run in any order, and what all members were handed. */
class GroupUnderTest {
  readonly handedOver: number[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly sent: number[] = Array.from({ length: PARTITIONS }, () => 0);
  private readonly manual = new ManualSchedule();
  private readonly broker = new MemoryBroker(
    new MemoryCluster(Infinity, 1e6, systemEnvironment, this.manual.schedule),
  );
  private readonly members: GroupConsumer[] = [];

  constructor(
    private readonly commitsOnRevoke: boolean,
    private readonly pick: (count: number) => number,
  ) {}

  async run(tasks?: number): Promise<void> {
    await this.manual.run(this.pick, tasks);
  }

  async createTopic(): Promise<void> {
    const created = this.broker.createAdmin(identity).createTopics([{ topic: 't', partitions: PARTITIONS }]);
    await this.run();
    await created;
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'run') return this.run(step.tasks);
    if (step.do === 'send') return this.send(step.partition, step.count);
    if (step.do === 'join') return this.join();
    const member = this.members[step.member];
    if (member === undefined) return;
    if (step.do === 'leave') void member.close();
    else if (step.do === 'commit') void this.commit(member, member.assignment());
    else member[step.do](member.assignment());
  }

  /** All but one leave; that one reads what is left. */
  async finish(): Promise<void> {
    for (const member of this.members) void member.close();
    this.join();
    await this.run();
    void this.members.at(-1)!.close();
    await this.run();
  }

  private send(partition: number, count: number): void {
    const records = Array.from({ length: count }, () => ({
      topic: 't',
      partition,
      key: null,
      value: Buffer.from(String(this.sent[partition]++)),
      headers: [],
    }));
    void this.broker.createProducer(identity).send(records);
  }

  private join(): void {
    const member: GroupConsumer = this.broker.createGroupConsumer(identity, {
      groupId: 'g',
      topics: ['t'],
      startFrom: () => 'earliest' as const,
      listener: {
        onBatch: ({ partition, records }) => {
          this.handedOver[partition].push(...records.map(({ value }) => Number(value)));
        },
        onRevoked: (partitions) => (this.commitsOnRevoke ? this.commit(member, partitions) : undefined),
      },
    });
    this.members.push(member);
    member.start().catch(() => {});
  }

  private commit(member: GroupConsumer, partitions: readonly TopicPartition[]): Promise<void> {
    const next = (partition: number) => BigInt((this.handedOver[partition].at(-1) ?? -1) + 1);
    return member.commit(partitions.map((place) => ({ ...place, offset: next(place.partition) })));
  }
}

const choices = fc.infiniteStream(fc.nat(1_000));

async function runAll(
  commitsOnRevoke: boolean,
  all: Step[],
  order: Iterator<number>,
): Promise<GroupUnderTest> {
  const pick = (count: number) => (order.next().value as number) % count;
  const group = new GroupUnderTest(commitsOnRevoke, pick);
  await group.createTopic();
  for (const step of all) await group.take(step);
  await group.finish();
  return group;
}

describe('a group on the memory broker, whatever happens in whatever order', () => {
  it('gets every record once and in order if its members commit when they hand over', async () => {
    await fc.assert(
      fc.asyncProperty(steps, choices, async (all, order) => {
        const { handedOver, sent } = await runAll(true, all, order);
        expect(handedOver).toEqual(sent.map((count) => Array.from({ length: count }, (_, index) => index)));
      }),
      { numRuns: 100 },
    );
  });

  it('gets every record at least once, without gaps, if they do not', async () => {
    await fc.assert(
      fc.asyncProperty(steps, choices, async (all, order) => {
        const { handedOver, sent } = await runAll(false, all, order);
        const gaps = handedOver.map((values) =>
          values.filter((value, index) => value > (values[index - 1] ?? -1) + 1),
        );
        expect(gaps).toEqual(sent.map(() => []));
        expect(handedOver.map((values) => (values.at(-1) ?? -1) + 1)).toEqual(sent);
      }),
      { numRuns: 100 },
    );
  });
});
