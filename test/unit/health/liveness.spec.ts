import { describe, expect, it } from '@jest/globals';
import type { ConsumerState } from '../../../lib/broker/consumer.js';
import type { LivenessOptions } from '../../../lib/health/health-options.js';
import { livenessReasons } from '../../../lib/health/liveness.js';
import { resolveHealthOptions } from '../../../lib/health/resolve-health-options.js';
import type { GroupHealth, PartitionHealth, ServerPhase } from '../../../lib/server/server-health.js';
import { client, group, NOW, partition, server } from './snapshots.js';

const STATES: readonly ConsumerState[] = [
  'starting',
  'running',
  'rebalancing',
  'unavailable',
  'failed',
  'closed',
];

function reasons(
  { groups = [], clients = [], lagMs = 0, phase = 'serving' }: Looked,
  livez: LivenessOptions = {},
) {
  const limits = resolveHealthOptions({ livez }).livez;
  const servers = [server(groups, { phase })];
  return livenessReasons({ servers, clients, eventLoopLagMs: lagMs, now: NOW }, limits);
}

interface Looked {
  readonly groups?: readonly GroupHealth[];
  readonly clients?: readonly ReturnType<typeof client>[];
  readonly lagMs?: number;
  readonly phase?: ServerPhase;
}

describe('liveness', () => {
  it.each(STATES.filter((state) => state !== 'failed'))('has nothing against a group that is %s', (state) => {
    expect(reasons({ groups: [group({ state })], clients: [client()] })).toEqual([]);
  });

  it('tells of a consumer that has failed for good, unless it is being replaced', () => {
    const failed = group({ state: 'failed' });
    expect(reasons({ groups: [failed] })).toEqual([
      {
        service: 'pizza',
        group: 'pizza',
        since: '2026-01-01T11:59:59.000Z',
        why: 'its consumer has failed for good: nobody answers',
      },
    ]);
    expect(reasons({ groups: [{ ...failed, isReplaced: true }] })).toEqual([]);
  });

  it.each<ServerPhase>(['draining', 'closed'])('leaves a server alone that is %s', (phase) => {
    expect(reasons({ groups: [group({ state: 'failed' })], phase })).toEqual([]);
  });

  it('tells of a blocked event loop', () => {
    expect(reasons({ lagMs: 10_000 })).toEqual([]);
    expect(reasons({ lagMs: 10_001 })).toEqual([
      { why: expect.stringContaining('a timer is 10001 ms late') },
    ]);
    expect(reasons({ lagMs: 1e9 }, { maxEventLoopLagMs: Infinity })).toEqual([]);
  });

  it('tells of consumers that stand still', () => {
    const lastPolledAt = NOW - 60_001;
    const still = client();
    const found = reasons({
      groups: [group({ lastPolledAt })],
      clients: [{ ...still, replies: { ...still.replies!, lastPolledAt } }],
    });
    expect(found).toEqual([
      expect.objectContaining({
        service: 'pizza',
        group: 'pizza',
        why: expect.stringContaining('its consumer stands still: for 60.0 s'),
      }),
      expect.objectContaining({
        service: 'pizza',
        why: expect.stringContaining('its reader of replies stands still'),
      }),
    ]);
    expect(reasons({ groups: [group({ lastPolledAt: NOW - 60_000 })] })).toEqual([]);
    expect(reasons({ groups: [group({ lastPolledAt: undefined })] })).toEqual([]);
  });

  it('tells of a service that is never settled in its group', () => {
    const joining = group({ state: 'rebalancing', unsettledSince: NOW - 600_001, joins: 17 });
    expect(reasons({ groups: [joining] })).toEqual([
      expect.objectContaining({
        why: expect.stringContaining('it has joined its group 17 times in 600.0 s and is not settled'),
      }),
    ]);
    expect(reasons({ groups: [joining] }, { maxRejoinMs: 700_000 })).toEqual([]);
  });

  it('tells of an outage only where that is wanted', () => {
    const away = group({ state: 'unavailable', since: NOW - 3_600_000 });
    expect(reasons({ groups: [away] })).toEqual([]);
    expect(reasons({ groups: [away] }, { maxOutageMs: 60_000 })).toEqual([
      expect.objectContaining({
        why: expect.stringMatching(/cannot be used for 3600.0 s .*: nobody answers$/),
      }),
    ]);
  });

  it('tells of a record that holds others back, only where that is wanted', () => {
    const stuck: Partial<PartitionHealth> = { unsettledSince: NOW - 90_000, holdsBack: true };
    const found = (said: Partial<PartitionHealth>, options?: LivenessOptions) =>
      reasons({ groups: [group({ partitions: [partition({ ...stuck, ...said })] })] }, options);
    expect(found({})).toEqual([]);
    const limits = { maxUnsettledMs: 60_000 };
    expect(found({}, limits)).toEqual([
      {
        service: 'pizza',
        group: 'pizza',
        partition: 'pizza.requests[3]',
        since: '2026-01-01T11:58:30.000Z',
        why: expect.stringContaining('the record at 42 has not ended for 90.0 s'),
      },
    ]);
    for (const said of [{ holdsBack: false }, { isLeaving: true }, { unsettledSince: NOW - 1_000 }])
      expect(found(said, limits)).toEqual([]);
  });
});
