import type { Admin, CommittedOffset, GroupDescription, TopicDescription, TopicSpec } from '../admin.js';
import { BrokerError } from '../broker-error.js';
import type { TopicPartition, TopicPartitionOffset } from '../record.js';
import { Backoff } from './backoff.js';
import { type Cluster, topicRefused } from './cluster.js';
import { closedError, errorType, refused } from './errors.js';
import { fetchCommitted } from './group-offsets.js';
import { decodeAssignment } from './group-protocol.js';
import type { TopicAnswer } from './internals.js';
import { listOffsets, type LookedUpPosition } from './offsets.js';
import { checkPermitted } from './permissions.js';

/** For how long an operation is tried again when the broker cannot be reached or is about to move. */
const RETRY_MS = 5_000;
const BROKER_TIMEOUT_MS = 5_000;
const DEFAULT_REPLICATION = 3;

const GROUP_STATES: Readonly<Record<string, GroupDescription['state']>> = {
  Empty: 'empty',
  Stable: 'stable',
  Dead: 'dead',
};

/** See {@link Admin}. `ping` makes one attempt; everything else tries again for a few seconds. */
export class KafkajsAdmin implements Admin {
  private readonly closing = new AbortController();

  constructor(private readonly cluster: Cluster) {}

  ping(): Promise<void> {
    return this.attempt(() => this.cluster.connect());
  }

  describeTopics(topics?: readonly string[]): Promise<TopicDescription[]> {
    return this.retry(async () => {
      if (topics?.length === 0) return [];
      const answers =
        topics === undefined ? await this.cluster.allTopics() : await this.cluster.refresh(topics);
      return answers.filter(exists).map(describe);
    });
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    const topics = specs.map(({ topic }) => topic);
    if (topics.length === 0) return;
    await this.retry(async () => {
      const answers = await this.cluster.refresh(topics);
      const existing = new Set(answers.filter(exists).map(({ topic }) => topic));
      await this.create(specs.filter(({ topic }) => !existing.has(topic)));
    });
    await this.retry(() => this.checkLeaders(specs));
  }

  checkWritable(topics: readonly string[]): Promise<void> {
    return this.retry(() => checkPermitted(this.cluster, 'Write', topics));
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    if (topics.length === 0) return;
    await this.retry(async () => {
      const controller = await this.cluster.controller();
      const { topicErrors } = await controller.request('DeleteTopics', {
        topics,
        timeout: BROKER_TIMEOUT_MS,
      });
      for (const { topic, errorCode } of topicErrors) {
        const type = errorType(errorCode);
        if (type !== undefined && type !== 'UNKNOWN_TOPIC_OR_PARTITION')
          throw refused(errorCode, `deleting topic ${topic}`, { topic: `Delete on Topic ${topic}` });
      }
    });
  }

  listOffsets(
    partitions: readonly TopicPartition[],
    position: LookedUpPosition,
  ): Promise<TopicPartitionOffset[]> {
    return this.retry(() => listOffsets(this.cluster, partitions, position));
  }

  fetchCommitted(groupId: string, topics: readonly string[]): Promise<CommittedOffset[]> {
    return this.retry(async () => {
      if (topics.length === 0) return [];
      const answers = await this.cluster.refresh(topics);
      const partitions = answers.flatMap(({ topic, topicErrorCode, partitionMetadata }) => {
        if (topicErrorCode !== 0) throw topicRefused({ topic, topicErrorCode });
        return partitionMetadata.map(({ partitionId }) => ({ topic, partition: partitionId }));
      });
      return fetchCommitted(await this.cluster.coordinator(groupId), groupId, partitions);
    });
  }

  describeGroup(groupId: string): Promise<GroupDescription> {
    return this.retry(async () => {
      const coordinator = await this.cluster.coordinator(groupId);
      const { groups } = await coordinator.request('DescribeGroups', { groupIds: [groupId] });
      const [group] = groups;
      if (group === undefined || errorType(group.errorCode) === 'GROUP_ID_NOT_FOUND')
        return { groupId, state: 'dead', members: [] };
      const needs = { group: `Describe on Group ${groupId}` };
      if (group.errorCode !== 0) throw refused(group.errorCode, `describing group ${groupId}`, needs);
      const members = group.members.map(({ memberId, clientId, memberAssignment }) => ({
        memberId,
        clientId,
        assignment: decodeAssignment(memberAssignment).partitions,
      }));
      return { groupId, state: GROUP_STATES[group.state] ?? 'rebalancing', members };
    });
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.cluster.close();
  }

  private async create(specs: readonly TopicSpec[]): Promise<void> {
    if (specs.length === 0) return;
    const controller = await this.cluster.controller();
    const topics = specs.map(({ topic, partitions, replicationFactor, configs = {} }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: replicationFactor ?? Math.min(DEFAULT_REPLICATION, this.cluster.size),
      configEntries: Object.entries(configs).map(([name, value]) => ({ name, value })),
    }));
    const { topicErrors } = await controller.request('CreateTopics', {
      topics,
      validateOnly: false,
      timeout: BROKER_TIMEOUT_MS,
    });
    for (const { topic, errorCode, errorMessage } of topicErrors) {
      const type = errorType(errorCode);
      if (type !== undefined && type !== 'TOPIC_ALREADY_EXISTS')
        throw refused(errorCode, `creating topic ${topic}${errorMessage ? ` (${errorMessage})` : ''}`, {
          topic: `Create on Topic ${topic}`,
          cluster: `Create on Topic ${topic}`,
        });
    }
  }

  /** A topic is of use when every broker that is asked knows it, and its partitions have leaders. */
  private async checkLeaders(specs: readonly TopicSpec[]): Promise<void> {
    const topics = specs.map(({ topic }) => topic);
    const answers = await this.cluster.refresh(topics);
    for (const { topic, topicErrorCode, partitionMetadata } of answers) {
      const leaderless = partitionMetadata.find(({ leader }) => leader < 0);
      if (topicErrorCode !== 0 || partitionMetadata.length === 0 || leaderless !== undefined)
        throw new BrokerError('unavailable', `topic ${topic} has partitions without a leader`, {
          retriable: true,
        });
    }
  }

  private async retry<T>(action: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + RETRY_MS;
    for (const backoff = new Backoff(); ; await backoff.pause(this.closing.signal)) {
      try {
        return await this.attempt(action);
      } catch (error) {
        if (!(error as BrokerError).retriable || Date.now() > deadline) throw error;
      }
    }
  }

  private async attempt<T>(action: () => Promise<T>): Promise<T> {
    if (this.closing.signal.aborted) throw closedError('admin');
    try {
      return await action();
    } catch (error) {
      throw this.closing.signal.aborted ? closedError('admin') : error;
    }
  }
}

function exists({ topic, topicErrorCode }: TopicAnswer): boolean {
  if (topicErrorCode === 0 || errorType(topicErrorCode) === 'LEADER_NOT_AVAILABLE') return true;
  if (errorType(topicErrorCode) === 'UNKNOWN_TOPIC_OR_PARTITION') return false;
  throw topicRefused({ topic, topicErrorCode });
}

function describe({ topic, partitionMetadata }: TopicAnswer): TopicDescription {
  const partitions = partitionMetadata.map(({ partitionId, leader, replicas, isr }) => ({
    partition: partitionId,
    leader: leader < 0 ? null : leader,
    replicas,
    inSyncReplicas: isr,
  }));
  return { topic, partitions: partitions.sort((a, b) => a.partition - b.partition) };
}
