import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../lib/broker/kafkajs/cluster.js';
import type { GroupMembership } from '../../../lib/broker/kafkajs/group-membership.js';
import { OffsetCommitter } from '../../../lib/broker/kafkajs/offset-committer.js';
import { deferred } from '../support/deferred.js';

const NOT_COORDINATOR = 16;
const place = { topic: 't', partition: 0 };

/** A committer on a coordinator that answers each commit with the next of these codes, once it may. */
function setUp(codes: readonly number[]) {
  const answers = [...codes];
  const gate = deferred();
  const stored: string[] = [];
  const request = async (_: string, { topics }: { topics: { partitions: { offset: string }[] }[] }) => {
    await gate.promise;
    const errorCode = answers.shift() ?? 0;
    if (errorCode === 0) stored.push(topics[0].partitions[0].offset);
    return { responses: [{ partitions: [{ errorCode }] }] };
  };
  const cluster = { coordinator: async () => ({ request }) } as unknown as Cluster;
  const membership = {
    memberId: 'm',
    generation: 1,
    joined: () => Promise.resolve(false),
  } as unknown as GroupMembership;
  const tenure: { current: object | undefined } = { current: {} };
  const committer = new OffsetCommitter(cluster, membership, {
    groupId: 'g',
    timeoutMs: 5_000,
    signal: new AbortController().signal,
    tenureOf: () => tenure.current,
  });
  return { committer, stored, tenure, gate };
}

describe('OffsetCommitter', () => {
  it('commits again what the coordinator did not take', async () => {
    const { committer, stored, gate } = setUp([NOT_COORDINATOR, 0]);
    gate.resolve();
    await committer.commit([{ ...place, offset: 5n }]);
    expect(stored).toEqual(['5']);
  });

  it('does not commit for a partition that is not owned', async () => {
    const { committer, stored, tenure } = setUp([]);
    tenure.current = undefined;
    await expect(committer.commit([{ ...place, offset: 5n }])).rejects.toMatchObject({ fenced: true });
    expect(stored).toEqual([]);
  });

  it('does not take back what another owner has committed, when the partition has come back meanwhile', async () => {
    const { committer, stored, tenure, gate } = setUp([NOT_COORDINATOR, 0]);
    const early = committer.commit([{ ...place, offset: 5n }]);
    tenure.current = {};
    const late = committer.commit([{ ...place, offset: 9n }]);
    gate.resolve();
    await expect(early).rejects.toMatchObject({ fenced: true });
    await late;
    expect(stored).toEqual(['9']);
  });
});
