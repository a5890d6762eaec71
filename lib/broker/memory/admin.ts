import type { Admin, CommittedOffset, GroupDescription, TopicDescription, TopicSpec } from '../admin.js';
import type { StartPosition } from '../consumer.js';
import type { TopicPartition, TopicPartitionOffset } from '../record.js';
import { closed, invalidArgument } from './errors.js';
import type { MemoryCluster } from './memory-cluster.js';
import { turn } from './schedule.js';

/** What Kafka accepts as a topic's name. */
const TOPIC_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

/** Looks at the memory broker and changes it. */
export class MemoryAdmin implements Admin {
  private isClosed = false;

  constructor(private readonly cluster: MemoryCluster) {}

  async ping(): Promise<void> {
    await this.request();
  }

  async describeTopics(topics?: readonly string[]): Promise<TopicDescription[]> {
    await this.request();
    const { topics: store } = this.cluster;
    const existing = (topics ?? store.names()).filter((topic) => store.partitionCount(topic) > 0);
    return existing.map((topic) => store.describe(topic));
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    await this.request();
    specs.forEach(checkSpec);
    for (const { topic, partitions, configs } of specs) {
      this.cluster.topics.create(topic, partitions, retentionBytesOf(configs));
    }
    this.cluster.groups.topicCreated();
  }

  /** Everybody may do everything here. */
  async checkWritable(): Promise<void> {
    await this.request();
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    await this.request();
    for (const topic of topics) {
      this.cluster.groups.forget(topic);
      this.cluster.topics.delete(topic);
    }
  }

  async listOffsets(
    partitions: readonly TopicPartition[],
    position: Exclude<StartPosition, bigint>,
  ): Promise<TopicPartitionOffset[]> {
    await this.request();
    return partitions.map(({ topic, partition }) => {
      const log = this.cluster.topics.get({ topic, partition });
      return { topic, partition, offset: log.offsetAt(position) };
    });
  }

  async fetchCommitted(groupId: string, topics: readonly string[]): Promise<CommittedOffset[]> {
    await this.request();
    return topics.flatMap((topic) => this.cluster.groups.fetchCommitted(groupId, topic));
  }

  async describeGroup(groupId: string): Promise<GroupDescription> {
    await this.request();
    return this.cluster.groups.describe(groupId);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  private async request(): Promise<void> {
    if (this.isClosed) throw closed('admin');
    await turn(this.cluster.schedule);
  }
}

function checkSpec({ topic, partitions }: TopicSpec): void {
  if (!TOPIC_NAME.test(topic)) {
    throw invalidArgument(
      `"${topic}" is no topic name: use up to 249 letters, digits, dots, underscores, hyphens`,
    );
  }
  if (!Number.isInteger(partitions) || partitions < 1) {
    throw invalidArgument(`topic ${topic} needs at least one partition, not ${partitions}`);
  }
}

/** The one topic setting that means something here; as on Kafka, -1 is no limit. */
function retentionBytesOf(configs: TopicSpec['configs']): number | undefined {
  const text = configs?.['retention.bytes'];
  if (text === undefined) return undefined;
  const bytes = Number(text);
  if (!Number.isInteger(bytes)) throw invalidArgument(`retention.bytes is "${text}": write a whole number`);
  return bytes < 0 ? Infinity : bytes;
}
