import { BrokerError } from '../broker-error.js';
import type {
  AssignedConsumer,
  AssignedConsumerOptions,
  ConsumerActivity,
  PartitionStart,
} from '../consumer.js';
import type { TopicPartition, TopicPartitionOffset } from '../record.js';
import type { Cluster } from './cluster.js';
import { ConsumerStatus } from './consumer-status.js';
import { closedError } from './errors.js';
import { groupBy } from './group-by.js';
import { listOffsets, type LookedUpPosition } from './offsets.js';
import { PartitionFetcher } from './partition-fetcher.js';
import { keyOf, placeOf } from './partitions.js';
import { persist } from './persist.js';
import { checkPermitted } from './permissions.js';

/** See {@link AssignedConsumer}. */
export class KafkajsAssignedConsumer implements AssignedConsumer {
  private readonly status: ConsumerStatus;
  private readonly fetcher: PartitionFetcher;
  private assigned: readonly TopicPartition[] = [];
  /** Aborted when another `assign` or `close` takes over. */
  private current = new AbortController();
  private isClosed = false;

  constructor(
    private readonly cluster: Cluster,
    options: AssignedConsumerOptions,
  ) {
    const { listener } = options;
    this.status = new ConsumerStatus(listener);
    this.fetcher = new PartitionFetcher(cluster, options, {
      onBatch: (batch) => listener.onBatch(batch),
      onTrouble: (trouble) => this.status.trouble('fetch', trouble),
      onFailure: (error) => this.fail(error),
    });
  }

  async assign(partitions: readonly PartitionStart[]): Promise<TopicPartitionOffset[]> {
    if (this.isClosed) throw closedError('consumer');
    const { signal } = this.replace(partitions);
    this.status.starting();
    const positions = await this.locate(partitions, signal);
    this.status.trouble('assign', undefined);
    this.fetcher.add(positions, true);
    this.status.running();
    // After the caller has heard of the positions.
    setImmediate(() => {
      if (!signal.aborted) this.fetcher.release(positions);
    });
    return positions;
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.fetcher.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.fetcher.resume(partitions);
  }

  activity(): ConsumerActivity {
    return this.fetcher.activity();
  }

  position(partition: TopicPartition): bigint | undefined {
    return this.fetcher.positionOf(partition);
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.stop();
    this.status.closed();
  }

  private replace(partitions: readonly PartitionStart[]): AbortController {
    this.current.abort();
    this.fetcher.remove(this.assigned);
    this.assigned = partitions.map(placeOf);
    return (this.current = new AbortController());
  }

  private async locate(
    partitions: readonly PartitionStart[],
    signal: AbortSignal,
  ): Promise<TopicPartitionOffset[]> {
    const onTrouble = (error: BrokerError) => this.status.trouble('assign', error);
    try {
      return await persist(() => this.locateOnce(partitions), { signal, what: 'consumer', onTrouble });
    } catch (error) {
      if (this.isClosed || !signal.aborted) throw error;
      throw new BrokerError('cancelled', 'another assignment has replaced this one');
    }
  }

  private async locateOnce(partitions: readonly PartitionStart[]): Promise<TopicPartitionOffset[]> {
    const positions = new Map<string, TopicPartitionOffset>();
    const known = partitions.filter(({ start }) => typeof start === 'bigint');
    await this.checkExistence(known);
    for (const { start, ...place } of known)
      positions.set(keyOf(place), { ...place, offset: start as bigint });
    const lookedUp = groupBy(
      partitions.filter(({ start }) => typeof start !== 'bigint'),
      ({ start }) => (typeof start === 'object' ? start.timestampMs : start),
    );
    for (const ofStart of lookedUp.values()) {
      const found = await listOffsets(
        this.cluster,
        ofStart.map(placeOf),
        ofStart[0].start as LookedUpPosition,
      );
      for (const position of found) positions.set(keyOf(position), position);
    }
    await checkPermitted(this.cluster, 'Read', [...new Set(partitions.map(({ topic }) => topic))]);
    return partitions.map((partition) => positions.get(keyOf(partition))!);
  }

  private async checkExistence(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    await this.cluster.refresh([...new Set(partitions.map(({ topic }) => topic))]);
    for (const partition of partitions)
      if (this.cluster.leaderOf(partition) === undefined) throw this.cluster.whyNoLeader(partition);
  }

  private fail(error: BrokerError): void {
    this.stop();
    this.status.failed(error);
  }

  private stop(): void {
    this.current.abort();
    this.fetcher.stop();
    this.cluster.close();
  }
}
