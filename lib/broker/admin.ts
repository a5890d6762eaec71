import type { TopicPartition, TopicPartitionOffset } from './record.js';
import type { StartPosition } from './consumer.js';

/** A topic to create. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  /** Default: three, or the number of brokers if there are fewer. */
  readonly replicationFactor?: number;
  /** The broker's topic settings, e.g. `{ 'retention.ms': '3600000' }`. */
  readonly configs?: Readonly<Record<string, string>>;
}

/** A topic as it exists. */
export interface TopicDescription {
  readonly topic: string;
  readonly partitions: readonly PartitionDescription[];
}

/** A partition as it exists. */
export interface PartitionDescription {
  readonly partition: number;
  /** Node id of the leader; `null` while there is none. */
  readonly leader: number | null;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
}

/** What a group has committed for a partition. */
export interface CommittedOffset extends TopicPartition {
  /** The next offset to read; `null` if the group has none. */
  readonly offset: bigint | null;
  readonly metadata: string;
}

/** A consumer group as its coordinator sees it. */
export interface GroupDescription {
  readonly groupId: string;
  readonly state: 'empty' | 'rebalancing' | 'stable' | 'dead';
  readonly members: readonly GroupMemberDescription[];
}

/** A member of a consumer group. */
export interface GroupMemberDescription {
  readonly memberId: string;
  readonly clientId: string;
  readonly assignment: readonly TopicPartition[];
}

/**
 * Looks at the cluster and changes it. Every operation connects when needed, and rejects with a
 * {@link BrokerError} (`unavailable` and retriable if the broker cannot be reached).
 */
export interface Admin {
  /** Resolves if a broker answers. */
  ping(): Promise<void>;
  /** The topics of these names that exist; all topics without names. Never creates one. */
  describeTopics(topics?: readonly string[]): Promise<TopicDescription[]>;
  /** Creates what does not exist yet, leaves the rest as it is; resolves when every partition has a leader. */
  createTopics(specs: readonly TopicSpec[]): Promise<void>;
  /**
   * Rejects with `authorization-failed` if this client is known not to be allowed to write to one of these topics. Those that
   * do not exist are nobody's.
   */
  checkWritable(topics: readonly string[]): Promise<void>;
  /** Deletes the topics of these names that exist. */
  deleteTopics(topics: readonly string[]): Promise<void>;
  /** The offset that a start position stands for, for each partition. */
  listOffsets(
    partitions: readonly TopicPartition[],
    position: Exclude<StartPosition, bigint>,
  ): Promise<TopicPartitionOffset[]>;
  /** What the group has committed for every partition of the topics. */
  fetchCommitted(groupId: string, topics: readonly string[]): Promise<CommittedOffset[]>;
  /** The group's state and members; `dead`, without members, if there is no such group. */
  describeGroup(groupId: string): Promise<GroupDescription>;
  /** Releases the connection. */
  close(): Promise<void>;
}
