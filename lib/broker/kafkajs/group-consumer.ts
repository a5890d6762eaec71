import { BrokerError } from '../broker-error.js';
import type {
  AssignedPartition,
  GroupConsumer,
  GroupConsumerActivity,
  GroupConsumerOptions,
  OffsetCommit,
} from '../consumer.js';
import type { TopicPartition, TopicPartitionOffset } from '../record.js';
import type { Cluster } from './cluster.js';
import { ConsumerStatus } from './consumer-status.js';
import { closedError, listenerError } from './errors.js';
import { fetchCommitted } from './group-offsets.js';
import { groupBy } from './group-by.js';
import { GroupMembership } from './group-membership.js';
import type { Assignment } from './group-protocol.js';
import { OffsetCommitter } from './offset-committer.js';
import { listOffsets } from './offsets.js';
import { OwnedPartitions } from './owned-partitions.js';
import { PartitionFetcher } from './partition-fetcher.js';
import { keyOf, placeOf } from './partitions.js';
import { persist } from './persist.js';
import { checkPermitted } from './permissions.js';

const DEFAULTS = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 60_000 };
/** Two heartbeats may get lost in a session. */
const HEARTBEATS_PER_SESSION = 3;
const LONGEST_HEARTBEAT_INTERVAL_MS = 3_000;

/** See {@link GroupConsumer}: puts membership, ownership, fetcher and commits together. */
export class KafkajsGroupConsumer implements GroupConsumer {
  private readonly status: ConsumerStatus;
  private readonly fetcher: PartitionFetcher;
  private readonly membership: GroupMembership;
  private readonly owned: OwnedPartitions;
  private readonly committer: OffsetCommitter;
  /** Aborted at the beginning of the close, or by a failure. */
  private readonly closing = new AbortController();
  /** Aborted at its end. */
  private readonly ended = new AbortController();
  private applying: Promise<unknown> = Promise.resolve();
  private started: Promise<void> | undefined;
  private closed: Promise<void> | undefined;
  private firstAssignment!: { resolve(): void; reject(error: BrokerError): void };

  constructor(
    private readonly cluster: Cluster,
    private readonly options: GroupConsumerOptions,
  ) {
    const { listener, groupId, sessionTimeoutMs = DEFAULTS.sessionTimeoutMs } = options;
    const membershipOptions = {
      groupId,
      topics: options.topics,
      sessionTimeoutMs,
      heartbeatIntervalMs:
        options.heartbeatIntervalMs ??
        Math.min(LONGEST_HEARTBEAT_INTERVAL_MS, Math.ceil(sessionTimeoutMs / HEARTBEATS_PER_SESSION)),
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? DEFAULTS.rebalanceTimeoutMs,
    };
    this.status = new ConsumerStatus(listener);
    this.fetcher = new PartitionFetcher(cluster, options, {
      onBatch: (batch) => listener.onBatch(batch),
      mayHandOver: () => this.mayHandOver(),
      onTrouble: (trouble) => this.status.trouble('fetch', trouble),
      onFailure: (error) => this.fail(error),
    });
    this.owned = new OwnedPartitions({
      locate: (partitions, urgent) => this.locate(partitions, urgent),
      onPositioned: (positions) => this.fetcher.add(positions),
      onAssigned: (positions) => this.announce(positions),
      onReady: (partitions) => this.fetcher.release(partitions),
      onGone: (partitions) => this.fetcher.remove(partitions),
      onRevoked: (partitions) => this.handIn(partitions),
      onLost: (partitions) => listener.onLost?.(partitions),
    });
    this.membership = new GroupMembership(cluster, membershipOptions, {
      owned: () => this.owned.list(),
      onAssignment: (assignment, urgent) => this.apply(assignment, urgent),
      onContact: () => this.fetcher.handOverHeld(),
      onLost: () => this.owned.lose(),
      onChanging: (changing) => {
        this.fetcher.expectsMore = changing;
        this.status.changing(changing);
      },
      onTrouble: (trouble) => this.status.trouble('group', trouble),
      onFailure: (error) => this.fail(error),
    });
    this.committer = new OffsetCommitter(cluster, this.membership, {
      groupId,
      timeoutMs: membershipOptions.sessionTimeoutMs,
      signal: this.ended.signal,
      tenureOf: (partition) => this.owned.tenureOf(partition),
    });
  }

  start(): Promise<void> {
    if (this.closed !== undefined) return Promise.reject(closedError('consumer'));
    this.started ??= this.begin();
    return this.started;
  }

  activity(): GroupConsumerActivity {
    const { membership, fetcher } = this;
    const reading = fetcher.activity();
    return {
      lastPolledAt: earliest(reading.lastPolledAt, membership.polledAt),
      lastContactAt: latest(reading.lastContactAt, membership.lastContactAt),
      joins: membership.joins,
    };
  }

  assignment(): TopicPartition[] {
    return this.owned.list();
  }

  subscribe(topics: readonly string[]): void {
    this.membership.subscribe(topics);
  }

  commit(offsets: readonly OffsetCommit[]): Promise<void> {
    return this.committer.commit(offsets);
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.fetcher.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.fetcher.resume(partitions);
  }

  seek(position: TopicPartitionOffset): void {
    this.fetcher.seek(position);
  }

  close(): Promise<void> {
    this.closed ??= this.finish();
    return this.closed;
  }

  private async begin(): Promise<void> {
    const signal = this.closing.signal;
    const onTrouble = (error: BrokerError) => this.status.trouble('start', error);
    this.status.starting();
    try {
      await persist(() => this.checkTopics(), { signal, what: 'consumer', onTrouble });
      this.status.trouble('start', undefined);
      const first = new Promise<void>((resolve, reject) => (this.firstAssignment = { resolve, reject }));
      void this.membership.run();
      await first;
    } catch (error) {
      this.fail(error as BrokerError);
      throw error;
    }
  }

  private async checkTopics(): Promise<void> {
    const { topics } = this.options;
    await this.cluster.refresh(topics);
    for (const topic of topics)
      if (this.cluster.topic(topic)?.topicErrorCode !== 0)
        throw this.cluster.whyNoLeader({ topic, partition: 0 });
    await checkPermitted(this.cluster, 'Read', topics);
  }

  private async finish(): Promise<void> {
    this.closing.abort();
    this.firstAssignment?.reject(closedError('consumer'));
    this.membership.stopJoining();
    await this.applying;
    await this.owned.revokeAll();
    await this.membership.leave();
    this.end();
    this.status.closed();
  }

  private end(): void {
    this.ended.abort();
    this.fetcher.stop();
    this.cluster.close();
  }

  private apply({ partitions, settled }: Assignment, urgent: AbortSignal): Promise<boolean> {
    const applying = this.owned.reconcile(partitions, urgent).then((hasRevoked) => {
      this.status.changing(hasRevoked || urgent.aborted || !settled);
      // If the group has changed meanwhile, the next assignment is the first to be complete.
      if (!urgent.aborted && !this.closing.signal.aborted) {
        this.status.running();
        this.firstAssignment.resolve();
      }
      return hasRevoked;
    });
    this.applying = applying;
    return applying;
  }

  /** Committed offsets, or where `startFrom` says. */
  private async locate(
    partitions: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<AssignedPartition[]> {
    const onTrouble = (error: BrokerError) => this.status.trouble('locate', error);
    const options = { signal, what: 'consumer', onTrouble, evenIfHopeless: true };
    try {
      return await persist(() => this.locateOnce(partitions), options);
    } finally {
      this.status.trouble('locate', undefined);
    }
  }

  private async locateOnce(partitions: readonly TopicPartition[]): Promise<AssignedPartition[]> {
    const { groupId } = this.options;
    const coordinator = await this.cluster.coordinator(groupId);
    const committed = await fetchCommitted(coordinator, groupId, partitions);
    const missing = committed.filter(({ offset }) => offset === null).map(placeOf);
    const starts = await this.startsOf(missing);
    const startOf = new Map(starts.map((start) => [keyOf(start), start.offset]));
    return committed.map(({ topic, partition, offset, metadata }) => ({
      topic,
      partition,
      offset: offset ?? startOf.get(keyOf({ topic, partition })) ?? 0n,
      metadata,
      epoch: this.membership.generation,
    }));
  }

  private async startsOf(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> {
    const all: TopicPartitionOffset[] = [];
    for (const [topic, ofTopic] of groupBy(partitions, (partition) => partition.topic)) {
      const startFrom = this.options.startFrom(topic);
      const starts = await listOffsets(this.cluster, ofTopic, startFrom);
      // Otherwise what is sent between now and the first commit would be skipped after a restart.
      if (startFrom !== 'earliest') await this.committer.commit(starts);
      all.push(...starts);
    }
    return all;
  }

  private async announce(positions: readonly AssignedPartition[]): Promise<void> {
    try {
      await this.options.listener.onAssigned?.(positions);
    } catch (error) {
      this.fail(listenerError('onAssigned', error));
    }
  }

  private async handIn(partitions: readonly TopicPartition[]): Promise<void> {
    try {
      await this.options.listener.onRevoked?.(partitions);
    } catch (error) {
      this.status.warn(listenerError('onRevoked', error));
    }
  }

  private mayHandOver(): boolean {
    if (!this.membership.isExpired()) return true;
    this.membership.hurry();
    return false;
  }

  /** Ends for good without a close: others take over at once. */
  private fail(error: BrokerError): void {
    if (this.closing.signal.aborted || this.status.isOver()) return;
    this.closing.abort();
    this.fetcher.stop();
    this.owned.lose();
    this.firstAssignment?.reject(error);
    this.status.failed(error);
    void this.membership.leave().then(() => this.end());
  }
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}
