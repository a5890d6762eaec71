import { expect, it, jest } from '@jest/globals';
import type { BrokerError } from '../../../lib/broker/broker-error.js';
import type { Cluster } from '../../../lib/broker/kafkajs/cluster.js';
import { GroupMembership } from '../../../lib/broker/kafkajs/group-membership.js';
import { waitFor } from '../../support/kafka.js';

const OK = 0;
const UNKNOWN_SERVER_ERROR = -1;
const UNKNOWN_MEMBER_ID = 25;
const GROUP_AUTHORIZATION_FAILED = 30;
const INCONSISTENT_GROUP_PROTOCOL = 23;

/** A membership whose coordinator answers joins, and the first heartbeats, with these error codes, then with none. */
function membership({ joins = [], beats = [] }: { joins?: number[]; beats?: number[] }) {
  const answers: Record<string, (errorCode: number) => object> = {
    JoinGroup: (errorCode) => ({ errorCode, generationId: 1, leaderId: 'b', memberId: 'a', members: [] }),
    SyncGroup: (errorCode) => ({ errorCode, memberAssignment: Buffer.alloc(0) }),
  };
  const codes: Record<string, number[]> = { JoinGroup: joins, Heartbeat: beats };
  const joinedWith: unknown[] = [];
  const coordinator: { stuck?: Promise<void> } = {};
  const request = async (api: string, args: unknown) => {
    await coordinator.stuck;
    if (api === 'JoinGroup') joinedWith.push((args as { groupProtocols: unknown }).groupProtocols);
    const errorCode = codes[api]?.shift() ?? OK;
    return answers[api]?.(errorCode) ?? { errorCode };
  };
  const node = { request, close: () => undefined };
  const cluster = {
    lastConnectFailureAt: 0,
    coordinatorAlone: async () => node,
    coordinator: async () => node,
    release: () => undefined,
  };
  const listener = {
    owned: () => [],
    onAssignment: jest.fn(async () => false),
    onContact: jest.fn(),
    onLost: jest.fn(),
    onChanging: jest.fn(),
    onTrouble: jest.fn<(trouble: BrokerError | undefined) => void>(),
    onFailure: jest.fn<(error: BrokerError) => void>(),
  };
  const options = {
    groupId: 'group',
    topics: ['topic'],
    sessionTimeoutMs: 10_000,
    heartbeatIntervalMs: 20,
    rebalanceTimeoutMs: 10_000,
  };
  const member = new GroupMembership(cluster as unknown as Cluster, options, listener);
  const assigned = (count: number) =>
    waitFor(() => listener.onAssignment.mock.calls.length === count, { what: `assignment ${count}` });
  return { member, listener, assigned, joinedWith, coordinator };
}

it('ends when the first join is refused', async () => {
  const { member, listener } = membership({ joins: [GROUP_AUTHORIZATION_FAILED] });
  await member.run();
  expect(listener.onFailure).toHaveBeenCalledWith(expect.objectContaining({ code: 'authorization-failed' }));
});

it('tries again when the broker fails at the first join', async () => {
  const { member, listener, assigned } = membership({ joins: [UNKNOWN_SERVER_ERROR, UNKNOWN_SERVER_ERROR] });
  const run = member.run();
  await assigned(1);
  expect(listener.onTrouble).toHaveBeenCalledWith(
    expect.objectContaining({ code: 'unavailable', retriable: true }),
  );
  await member.leave();
  await run;
  expect(listener.onFailure).not.toHaveBeenCalled();
});

it.each([
  ['authorization-failed', GROUP_AUTHORIZATION_FAILED],
  ['unavailable', UNKNOWN_SERVER_ERROR],
  ['invalid-argument', INCONSISTENT_GROUP_PROTOCOL],
])('comes back when a join after a lost session was refused: %s', async (code, errorCode) => {
  const joins = [OK, errorCode, errorCode, errorCode];
  const { member, listener, assigned } = membership({ joins, beats: [UNKNOWN_MEMBER_ID] });
  const run = member.run();
  await assigned(2);
  expect(listener.onLost).toHaveBeenCalledTimes(1);
  expect(listener.onTrouble).toHaveBeenCalledWith(expect.objectContaining({ code }));
  expect(listener.onTrouble.mock.lastCall).toEqual([undefined]);
  await member.leave();
  await run;
  expect(listener.onFailure).not.toHaveBeenCalled();
});

it('joins with other bytes than before when it has lost its session, so that a new round is held', async () => {
  const { member, assigned, joinedWith } = membership({ beats: [UNKNOWN_MEMBER_ID] });
  const run = member.run();
  await assigned(2);
  await member.leave();
  await run;

  expect(joinedWith).toHaveLength(2);
  expect(joinedWith[1]).not.toEqual(joinedWith[0]);
});

it('tells of every contact with the group: a join, and each heartbeat', async () => {
  const { member, listener, assigned } = membership({});
  const run = member.run();
  await assigned(1);
  await waitFor(() => listener.onContact.mock.calls.length > 2, { what: 'contact by heartbeats' });
  await member.leave();
  await run;

  expect(listener.onContact.mock.invocationCallOrder[0]).toBeGreaterThan(
    listener.onAssignment.mock.invocationCallOrder[0],
  );
});

it('shows when it stands still', async () => {
  const { member, assigned, coordinator } = membership({});
  expect(member.polledAt).toBeUndefined();
  const run = member.run();
  await assigned(1);
  const first = member.polledAt!;
  await waitFor(() => member.polledAt! > first, { what: 'the loop to get round' });

  let goOn!: () => void;
  coordinator.stuck = new Promise((resolve) => (goOn = resolve));
  // Ten times the interval of heartbeats.
  await waitFor(() => Date.now() - member.polledAt! > 200, { what: 'a standstill' });

  goOn();
  await member.leave();
  await run;
  expect(member.polledAt).toBeUndefined();
});

it('counts joins until it is settled', async () => {
  const { member, listener, assigned } = membership({ beats: [UNKNOWN_MEMBER_ID] });
  const joins: number[] = [];
  listener.onAssignment.mockImplementation(async () => {
    joins.push(member.joins);
    // A partition is given up at first: the group has to be joined again for that.
    return joins.length === 1;
  });
  const run = member.run();
  await assigned(2);
  await waitFor(() => member.joins === 0, { what: 'the member to be settled' });
  expect(joins).toEqual([1, 2]);
  await member.leave();
  await run;
});
