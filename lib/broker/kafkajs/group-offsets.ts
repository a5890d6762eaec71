import type { CommittedOffset } from '../admin.js';
import type { OffsetCommit } from '../consumer.js';
import type { TopicPartition } from '../record.js';
import { readOn, refused } from './errors.js';
import type { Node } from './node.js';
import { byTopic } from './partitions.js';

/** Who commits: a member, in the generation in which it owns the partitions. */
export interface CommittingMember {
  readonly groupId: string;
  readonly memberId: string;
  readonly generation: number;
}

/** What the group has committed for these partitions. */
export async function fetchCommitted(
  coordinator: Node,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<CommittedOffset[]> {
  if (partitions.length === 0) return [];
  const topics = byTopic(partitions, ({ partition }) => ({ partition }));
  const what = `fetching the offsets of group ${groupId}`;
  const { errorCode, responses } = await coordinator.request('OffsetFetch', { groupId, topics });
  const group = `Read on Group ${groupId}`;
  if (errorCode !== 0) throw refused(errorCode, what, { group });
  return responses.flatMap(({ topic, partitions: answers }) =>
    answers.map(({ partition, errorCode: code, offset, metadata }) => {
      if (code !== 0) throw refused(code, what, { group, ...readOn(topic) });
      const known = BigInt(offset);
      return { topic, partition, offset: known < 0n ? null : known, metadata: metadata ?? '' };
    }),
  );
}

/** Commits once; the error code of the first partition that was refused, 0 if all were stored. */
export async function commitOnce(
  coordinator: Node,
  { groupId, memberId, generation }: CommittingMember,
  offsets: readonly OffsetCommit[],
): Promise<number> {
  const topics = byTopic(offsets, ({ partition, offset, metadata = '' }) => ({
    partition,
    offset: `${offset}`,
    metadata,
  }));
  const { responses } = await coordinator.request('OffsetCommit', {
    groupId,
    groupGenerationId: generation,
    memberId,
    topics,
  });
  const codes = responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
  return codes.find((code) => code !== 0) ?? 0;
}
