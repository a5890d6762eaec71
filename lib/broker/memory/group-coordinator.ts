import type { CommittedOffset, GroupDescription } from '../admin.js';
import { ConsumerGroup } from './consumer-group.js';
import type { Schedule } from './schedule.js';
import type { TopicStore } from './topic-store.js';

/** The consumer groups of one memory broker. */
export class GroupCoordinator {
  private readonly groups = new Map<string, ConsumerGroup>();

  constructor(
    private readonly topics: TopicStore,
    private readonly schedule: Schedule,
  ) {}

  /** The group of this name, which begins to exist by being asked for. */
  group(groupId: string): ConsumerGroup {
    const group = this.groups.get(groupId) ?? new ConsumerGroup(groupId, this.topics, this.schedule);
    this.groups.set(groupId, group);
    return group;
  }

  describe(groupId: string): GroupDescription {
    return this.groups.get(groupId)?.describe() ?? { groupId, state: 'dead', members: [] };
  }

  /** For every partition of the topic. */
  fetchCommitted(groupId: string, topic: string): CommittedOffset[] {
    const group = this.groups.get(groupId);
    return Array.from({ length: this.topics.partitionCount(topic) }, (_, partition) => {
      const none = { topic, partition, offset: null, metadata: '' };
      return group?.offsets.of({ topic, partition }) ?? none;
    });
  }

  /** To call before a topic is deleted: no group remembers anything of it. */
  forget(topic: string): void {
    for (let partition = 0; partition < this.topics.partitionCount(topic); partition++) {
      for (const group of this.groups.values()) group.forget({ topic, partition });
    }
  }

  /** To call when a topic was created: it may be one that a group waits for. */
  topicCreated(): void {
    for (const group of this.groups.values()) group.requestRebalance();
  }
}
