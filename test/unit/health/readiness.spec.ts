import { describe, expect, it } from '@jest/globals';
import type { ReadinessOptions } from '../../../lib/health/health-options.js';
import { clientReadiness, notStarted, serverReadiness } from '../../../lib/health/readiness.js';
import { resolveHealthOptions } from '../../../lib/health/resolve-health-options.js';
import type { ClientHealth } from '../../../lib/client/client-health.js';
import type { GroupHealth } from '../../../lib/server/server-health.js';
import { client, group, NOW, partition, server, state } from './snapshots.js';

function limits(readyz: ReadinessOptions = {}) {
  return resolveHealthOptions({ readyz }).readyz;
}

function whyNot(said: Partial<GroupHealth>, options?: ReadinessOptions): string[] {
  return serverReadiness(server([group(said)]), limits(options), NOW).map(({ why }) => why);
}

describe('readiness of a server', () => {
  it('is there when each group is settled', () => {
    expect(serverReadiness(server([group(), group({ groupId: 'pizza.audit' })]), limits(), NOW)).toEqual([]);
  });

  it.each([
    ['unused', []],
    ['draining', ['it is draining: it takes nothing more, and ends what runs']],
    ['closed', ['it was closed']],
  ] as const)('in the phase %s', (phase, expected) => {
    const found = serverReadiness(server([group()], { phase }), limits(), NOW);
    expect(found.map(({ why }) => why)).toEqual(expected);
  });

  it('names the group that is in trouble', () => {
    const groups = [group(), group({ groupId: 'pizza.audit', state: 'failed' })];
    expect(serverReadiness(server(groups), limits(), NOW)).toEqual([
      {
        service: 'pizza',
        group: 'pizza.audit',
        since: '2026-01-01T11:59:59.000Z',
        why: 'its consumer has failed: nobody answers',
      },
    ]);
  });

  it('outlasts a rebalance, for a while', () => {
    expect(whyNot({ state: 'rebalancing', unsettledSince: NOW - 60_000 })).toEqual([]);
    expect(whyNot({ state: 'rebalancing', unsettledSince: NOW - 60_001 })).toEqual([
      'its group is rebalancing',
    ]);
    expect(whyNot({ state: 'rebalancing' }, { rebalanceGraceMs: 0 })).toEqual(['its group is rebalancing']);
    expect(whyNot({ state: 'starting' })).toEqual(['it is joining its group']);
  });

  it('outlasts an outage where that is wanted', () => {
    expect(whyNot({ state: 'unavailable', since: NOW })).toEqual([
      'the broker cannot be used: nobody answers',
    ]);
    expect(whyNot({ state: 'unavailable' }, { outageGraceMs: 1_000 })).toEqual([]);
    expect(whyNot({ state: 'unavailable' }, { outageGraceMs: 999 })).toHaveLength(1);
  });

  it('ends when the broker is silent', () => {
    expect(whyNot({ lastContactAt: NOW - 15_000 })).toEqual([]);
    expect(whyNot({ lastContactAt: NOW - 15_001 })).toEqual([
      'the broker is silent for 15.0 s (maxSilenceMs: 15000)',
    ]);
    // A join may take as long as the slowest member.
    expect(whyNot({ lastContactAt: NOW - 15_001, state: 'rebalancing' })).toEqual([]);
    expect(whyNot({ lastContactAt: undefined })).toEqual([]);
  });

  it('ends at a lag and an age, where that is wanted', () => {
    const partitions = [partition({ lag: 100, unsettledSince: NOW - 5_000 }), partition({ lag: undefined })];
    expect(whyNot({ partitions })).toEqual([]);
    expect(whyNot({ partitions }, { maxLag: 100, maxUnsettledMs: 5_000 })).toEqual([]);
    expect(whyNot({ partitions }, { maxLag: 99, maxUnsettledMs: 4_999 })).toEqual([
      '100 records are not done (maxLag: 99)',
      'the record at 42 has not ended for 5.0 s (maxUnsettledMs: 4999)',
    ]);
  });
});

describe('readiness of a client', () => {
  const whyNotClient = (said: Partial<ClientHealth>, options?: ReadinessOptions) =>
    clientReadiness(client(said), limits(options), NOW).map(({ why }) => why);

  it.each<[string, Partial<ClientHealth>]>([
    ['that reads replies', {}],
    ['that was not used', { connection: undefined, replies: undefined }],
    ['that sends one-way calls only', { connection: state('starting'), replies: undefined }],
  ])('is there for one %s', (_, said) => {
    expect(whyNotClient(said)).toEqual([]);
  });

  it('is not there while replies could be missed', () => {
    const replies = { place: undefined, lastPolledAt: undefined, lastContactAt: undefined };
    expect(whyNotClient({ connection: state('starting'), replies })).toEqual([
      'its client: its reader of replies is not positioned yet',
    ]);
    expect(whyNotClient({ connection: state('unavailable'), replies })).toEqual([
      'its client: the broker cannot be used: nobody answers',
    ]);
    expect(whyNotClient({ connection: state('failed'), replies: undefined })).toEqual([
      'its client: it has failed: nobody answers',
    ]);
    expect(whyNotClient({ isClosed: true })).toEqual(['its client: it is closed, or is being closed']);
  });

  it('ends when the broker is silent', () => {
    const replies = { ...client().replies!, lastContactAt: NOW - 20_000 };
    expect(whyNotClient({ replies })).toEqual([
      'its client: the broker is silent for 20.0 s (maxSilenceMs: 15000)',
    ]);
    expect(whyNotClient({ replies }, { maxSilenceMs: 30_000 })).toEqual([]);
  });
});

describe('the start of a server', () => {
  it('is over when it has served', () => {
    expect(notStarted(server([group({ state: 'unavailable' })]))).toEqual([]);
  });

  it('waits for each group that was never settled', () => {
    const waiting = group({ groupId: 'pizza.audit', state: 'unavailable', settledAt: undefined });
    const found = notStarted(server([group(), waiting], { phase: 'starting' }));
    expect(found).toEqual([
      expect.objectContaining({
        group: 'pizza.audit',
        why: 'it is not a settled member of its group yet: the broker cannot be used: nobody answers',
      }),
    ]);
  });
});
