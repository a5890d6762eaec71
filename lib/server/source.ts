import type { GroupStart } from '../broker/consumer.js';
import type { TopicSpec } from '../broker/admin.js';
import type { Intake } from './intake.js';

/** Topics that a service reads, and what runs their records. */
export interface Source {
  /** Topics that have to exist; they are made sure of before anything is read. */
  readonly topics: readonly TopicSpec[];
  /** Whether a topic that exists is read, too, though it is none of these. Absent where there are no others. */
  readonly accepts?: (topic: string) => boolean;
  /** The pattern of such topics, and whose it is, for messages. */
  readonly pattern?: string;
  /** Where a topic starts that the group has not read before. */
  readonly startFrom: GroupStart;
  readonly intake: Intake;
}

/** What one consumer group reads. */
export interface GroupSources {
  readonly groupId: string;
  readonly sources: readonly Source[];
}

/** Each group once, with all of its sources. */
export function grouped(groups: readonly (GroupSources | undefined)[]): GroupSources[] {
  const byId = new Map<string, readonly Source[]>();
  for (const group of groups) {
    if (group) byId.set(group.groupId, [...(byId.get(group.groupId) ?? []), ...group.sources]);
  }
  return [...byId].map(([groupId, sources]) => ({ groupId, sources }));
}
