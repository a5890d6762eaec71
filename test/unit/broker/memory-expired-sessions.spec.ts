import { afterEach, describe, expect, it } from '@jest/globals';
import type { GroupConsumer, GroupConsumerListener } from '../../../lib/broker/consumer.js';
import { MemoryBroker } from '../../../lib/broker/memory/memory-broker.js';
import { MemoryCluster } from '../../../lib/broker/memory/memory-cluster.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { ManualSchedule } from './manual-schedule.js';

const identity = { clientId: 'test' };
const place = { topic: 't', partition: 0 };

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A member of a group that reads one topic, and what it hears. */
interface Heard {
  readonly member: GroupConsumer;
  readonly values: string[];
  readonly events: string[];
}

async function setUp(partitions = 1) {
  const manual = new ManualSchedule();
  const cluster = new MemoryCluster(Infinity, 1e6, systemEnvironment, manual.schedule);
  const broker = new MemoryBroker(cluster);
  const after = async <T>(work: Promise<T>): Promise<T> => {
    await manual.run();
    return work;
  };
  await after(broker.createAdmin(identity).createTopics([{ topic: 't', partitions }]));
  const join = (onRevoked?: GroupConsumerListener['onRevoked']): Heard => {
    const values: string[] = [];
    const events: string[] = [];
    const member = broker.createGroupConsumer(identity, {
      groupId: 'g',
      topics: ['t'],
      startFrom: () => 'earliest',
      listener: {
        onBatch: ({ records }) => values.push(...records.map(({ value }) => String(value))),
        onAssigned: (own) => void events.push(...own.map(({ partition }) => `assigned ${partition}`)),
        onRevoked: async (own) => {
          events.push(...own.map(({ partition }) => `revoked ${partition}`));
          await onRevoked?.(own);
        },
        onLost: (own) => void events.push(...own.map(({ partition }) => `lost ${partition}`)),
      },
    });
    void member.start();
    closers.push(() => after(member.close()));
    return { member, values, events };
  };
  const send = (value: string) =>
    after(
      broker.createProducer(identity).send([{ ...place, key: null, value: Buffer.from(value), headers: [] }]),
    );
  const expire = () => cluster.groups.group('g').expireSessions();
  const describeGroup = () => cluster.groups.describe('g');
  const run = async () => {
    // What was released leads to tasks only in microtasks.
    await new Promise((resolve) => setImmediate(resolve));
    await manual.run();
  };
  return { run, after, join, send, expire, describeGroup };
}

describe('sessions that expire', () => {
  it('take what is owned away without a word, and bring again what was not committed', async () => {
    const { run, after, join, send, expire, describeGroup } = await setUp();
    const { member, values, events } = join();
    await send('committed');
    await after(member.commit([{ ...place, offset: 1n }]));
    await send('not committed');
    expire();
    expect(describeGroup().members[0].assignment).toEqual([]);
    await run();
    expect(events).toEqual(['assigned 0', 'lost 0', 'assigned 0']);
    expect(values).toEqual(['committed', 'not committed', 'not committed']);
    expect(describeGroup()).toMatchObject({ state: 'stable', members: [{ assignment: [place] }] });
  });

  it('refuse commits until the member owns the partition again', async () => {
    const { run, after, join, send, expire } = await setUp();
    const { member } = join();
    await send('a');
    expire();
    await expect(member.commit([{ ...place, offset: 1n }])).rejects.toMatchObject({ code: 'fenced' });
    await run();
    await after(member.commit([{ ...place, offset: 1n }]));
  });

  it('may expire while a partition is given away: each ends up with one owner, who may commit', async () => {
    const { run, after, join, expire, describeGroup } = await setUp(2);
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const first = join(() => held);
    await run();
    const second = join();
    await run();
    expect(first.events.filter((each) => each.startsWith('revoked'))).toHaveLength(1);
    expire();
    await run();
    release();
    await run();
    const { members, state } = describeGroup();
    expect(state).toBe('stable');
    const owned = members.flatMap(({ assignment }) => assignment.map(({ partition }) => partition));
    expect(owned.toSorted((a, b) => a - b)).toEqual([0, 1]);
    for (const { member } of [first, second]) {
      const own = member.assignment();
      expect(own).toHaveLength(1);
      await after(member.commit(own.map((each) => ({ ...each, offset: 0n }))));
    }
  });

  it('mean nothing to a group without members', async () => {
    const { run, expire, describeGroup } = await setUp();
    expire();
    await run();
    expect(describeGroup()).toMatchObject({ state: 'dead', members: [] });
  });
});
