import { jest } from '@jest/globals';
import type { Admin, TopicDescription } from '../../../lib/broker/admin.js';

/** A topic as it exists. */
export function topicOf(topic: string, count: number): TopicDescription {
  const partitions = Array.from({ length: count }, (_, partition) => partition);
  return {
    topic,
    partitions: partitions.map((partition) => ({
      partition,
      leader: 1,
      replicas: [1],
      inSyncReplicas: [1],
    })),
  };
}

/** An admin of a cluster with these topics; what else an admin can do is not there. */
export class StubAdmin {
  readonly topics: TopicDescription[];

  constructor(...topics: TopicDescription[]) {
    this.topics = topics;
  }

  readonly describeTopics = jest.fn<Admin['describeTopics']>(async (names = []) =>
    this.topics.filter(({ topic }) => names.includes(topic)),
  );

  readonly createTopics = jest.fn<Admin['createTopics']>(async (specs) => {
    this.topics.push(...specs.map(({ topic, partitions }) => topicOf(topic, partitions)));
  });

  get asAdmin(): Admin {
    return this as unknown as Admin;
  }
}
