import type { BrokerError } from '../broker-error.js';
import type {
  AssignedPartition,
  GroupConsumer,
  GroupConsumerActivity,
  GroupConsumerListener,
  GroupConsumerOptions,
  OffsetCommit,
} from '../consumer.js';
import type { TopicPartition, TopicPartitionOffset } from '../record.js';
import type { ConsumerGroup, GroupMember } from './consumer-group.js';
import { closed, invalidArgument, unknownTopic } from './errors.js';
import type { MemoryCluster } from './memory-cluster.js';
import { MemoryConsumer } from './memory-consumer.js';
import { turn } from './schedule.js';
import { keyOf } from './topic-store.js';

/** A member of a consumer group, on the memory broker. */
export class MemoryGroupConsumer extends MemoryConsumer implements GroupConsumer, GroupMember {
  readonly memberId: string;
  topics: readonly string[];
  readonly startFrom: GroupConsumerOptions['startFrom'];
  private readonly group: ConsumerGroup;
  private readonly listener: GroupConsumerListener;
  private readonly assigned = new Map<string, TopicPartition>();
  /** The listener's callbacks come one after the other: the end of the last one. */
  private callbacks: Promise<void> = Promise.resolve();
  private pendingCallbacks = 0;
  private joins = 0;
  private started: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    cluster: MemoryCluster,
    readonly clientId: string,
    options: GroupConsumerOptions,
  ) {
    super(cluster, options.listener, options);
    this.memberId = cluster.nextMemberId(clientId);
    this.topics = [...new Set(options.topics)];
    this.startFrom = options.startFrom;
    this.listener = options.listener;
    this.group = cluster.groups.group(options.groupId);
  }

  start(): Promise<void> {
    if (this.closing !== undefined) return Promise.reject(closed('consumer'));
    return (this.started ??= this.join());
  }

  override activity(): GroupConsumerActivity {
    return { ...super.activity(), joins: this.joins };
  }

  assignment(): TopicPartition[] {
    return [...this.assigned.values()];
  }

  async commit(offsets: readonly OffsetCommit[]): Promise<void> {
    this.group.commit(this.memberId, offsets);
    await turn(this.cluster.schedule);
  }

  subscribe(topics: readonly string[]): void {
    const wanted = new Set(topics);
    if (wanted.size === this.topics.length && this.topics.every((topic) => wanted.has(topic))) return;
    this.topics = [...wanted];
    this.group.requestRebalance();
  }

  seek(position: TopicPartitionOffset): void {
    this.reader.seek(position);
  }

  close(): Promise<void> {
    return (this.closing ??= this.leave());
  }

  /** Called by the group: these are this member's now. */
  onAssigned(partitions: readonly AssignedPartition[]): Promise<void> {
    return this.inTurn(async () => {
      if (this.closing !== undefined) return;
      for (const place of partitions) {
        const { topic, partition } = place;
        this.assigned.set(keyOf(place), { topic, partition });
        this.reader.hold(place);
      }
      await outcomeOf(() => this.listener.onAssigned?.(partitions));
      for (const place of partitions) this.reader.release(place);
    });
  }

  /** Called by the group: it takes these away once the promise has settled. */
  onRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    return this.inTurn(async () => {
      const owned = partitions.filter((partition) => this.assigned.has(keyOf(partition)));
      if (owned.length === 0) return;
      for (const partition of owned) this.reader.remove(partition);
      await outcomeOf(() => this.listener.onRevoked?.(owned));
      for (const partition of owned) this.assigned.delete(keyOf(partition));
    });
  }

  /** Called by the group: it has taken these away already. */
  onLost(partitions: readonly TopicPartition[]): Promise<void> {
    return this.inTurn(async () => {
      for (const partition of partitions) {
        this.reader.remove(partition);
        this.assigned.delete(keyOf(partition));
      }
      this.listener.onLost?.(partitions);
    });
  }

  private async join(): Promise<void> {
    this.enter('starting');
    await turn(this.cluster.schedule);
    if (this.closing !== undefined) throw closed('consumer');
    try {
      this.checkTopics();
    } catch (error) {
      this.enter('failed', error as BrokerError);
      throw error;
    }
    this.joins += 1;
    await this.group.join(this);
    if (this.closing !== undefined) throw closed('consumer');
    this.settle();
  }

  private checkTopics(): void {
    if (this.topics.length === 0) throw invalidArgument('a group consumer needs at least one topic');
    const missing = this.topics.find((topic) => this.cluster.topics.partitionCount(topic) === 0);
    if (missing !== undefined) throw unknownTopic(missing);
  }

  private async leave(): Promise<void> {
    await turn(this.cluster.schedule);
    await this.callbacks;
    await this.onRevoked(this.assignment());
    this.group.leave(this.memberId);
    this.enter('closed');
  }

  private inTurn(callback: () => Promise<void>): Promise<void> {
    this.pendingCallbacks += 1;
    this.callbacks = this.callbacks.then(async () => {
      if (this.state === 'running') {
        this.joins += 1;
        this.enter('rebalancing');
      }
      await callback();
      this.pendingCallbacks -= 1;
      const settled = this.pendingCallbacks === 0 && this.closing === undefined;
      if (settled && this.state === 'rebalancing') this.settle();
    });
    return this.callbacks;
  }

  private settle(): void {
    this.joins = 0;
    this.enter('running');
  }
}

/** Waits for a callback. One that fails does not stop the group, but is seen as an uncaught exception. */
async function outcomeOf(callback: () => void | Promise<void>): Promise<void> {
  try {
    await callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
