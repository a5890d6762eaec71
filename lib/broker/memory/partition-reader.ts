import type { RecordBatch, TopicPartition, TopicPartitionOffset } from '../record.js';
import type { ReadLimits } from './log.js';
import type { MemoryCluster } from './memory-cluster.js';
import { keyOf } from './topic-store.js';

/** A batch, and what one turn of the event loop hands over in all. */
const MAX_RECORDS = 500;

/** A partition that is read. */
interface Reading extends TopicPartition {
  /** The next offset. */
  position: bigint;
  paused: boolean;
  /** Added, but not to be read yet. */
  held: boolean;
  readonly unwatch: () => void;
}

/**
 * Reads partitions and hands their records over in batches: what both kinds of consumer are made of.
 * Partitions take turns, and each turn of the event loop brings a bounded number of records.
 */
export class PartitionReader {
  private readonly readings = new Map<string, Reading>();
  /** Those with something to hand over; the first is the next. */
  private readonly ready = new Set<Reading>();
  private readonly limits: ReadLimits;
  /** Since when a delivery is due, in milliseconds since the epoch; `undefined` if none is. */
  private scheduledAt: number | undefined;

  constructor(
    private readonly cluster: MemoryCluster,
    maxBytes: number,
    private readonly onBatch: (batch: RecordBatch) => void,
  ) {
    this.limits = { maxRecords: MAX_RECORDS, maxBytes };
  }

  /** Positions a partition; nothing of it is handed over until {@link release}. */
  hold({ topic, partition, offset }: TopicPartitionOffset): void {
    this.remove({ topic, partition });
    const unwatch = this.cluster.topics.watch({ topic, partition }, () => this.wake(reading));
    const reading: Reading = { topic, partition, position: offset, paused: false, held: true, unwatch };
    this.readings.set(keyOf(reading), reading);
  }

  /** Starts handing over what {@link hold} positioned. */
  release(partition: TopicPartition): void {
    this.change(partition, (reading) => (reading.held = false));
  }

  pause(partition: TopicPartition): void {
    this.change(partition, (reading) => (reading.paused = true));
  }

  resume(partition: TopicPartition): void {
    this.change(partition, (reading) => (reading.paused = false));
  }

  /** Since when there is something to hand over that has not got its turn; `undefined` if there is nothing. */
  get standstillSince(): number | undefined {
    return this.ready.size === 0 ? undefined : this.scheduledAt;
  }

  positionOf(partition: TopicPartition): bigint | undefined {
    return this.readings.get(keyOf(partition))?.position;
  }

  seek(place: TopicPartitionOffset): void {
    this.change(place, (reading) => (reading.position = place.offset));
  }

  /** Hands over nothing of it any more. */
  remove(partition: TopicPartition): void {
    const reading = this.readings.get(keyOf(partition));
    if (reading === undefined) return;
    reading.unwatch();
    this.readings.delete(keyOf(partition));
    this.ready.delete(reading);
  }

  /** Hands over nothing any more. */
  clear(): void {
    for (const reading of this.readings.values()) this.remove(reading);
  }

  private change(partition: TopicPartition, apply: (reading: Reading) => void): void {
    const reading = this.readings.get(keyOf(partition));
    if (reading === undefined) return;
    apply(reading);
    this.ready.delete(reading);
    this.wake(reading);
  }

  private wake(reading: Reading): void {
    if (reading.paused || reading.held || !this.hasNext(reading)) return;
    this.ready.add(reading);
    this.scheduleDelivery();
  }

  private hasNext(reading: Reading): boolean {
    const log = this.cluster.topics.find(reading);
    return log !== undefined && log.inRange(reading.position) < log.endOffset;
  }

  private scheduleDelivery(): void {
    if (this.scheduledAt !== undefined || this.ready.size === 0) return;
    this.scheduledAt = this.cluster.environment.now();
    this.cluster.schedule(() => this.deliver());
  }

  private deliver(): void {
    this.scheduledAt = undefined;
    try {
      let delivered = 0;
      // The listener may pause, seek or close in between, so each step looks at `ready` anew.
      for (const reading of this.ready) {
        if (delivered >= MAX_RECORDS) break;
        delivered += this.handOver(reading);
      }
    } finally {
      this.scheduleDelivery();
    }
  }

  private handOver(reading: Reading): number {
    this.ready.delete(reading);
    const { topic, partition } = reading;
    const log = this.cluster.topics.find(reading);
    if (log === undefined) return 0;
    const records = log.read(log.inRange(reading.position), this.limits);
    if (records.length === 0) return 0;
    // The position moves before the listener is called: it may seek.
    reading.position = records.at(-1)!.offset + 1n;
    this.wake(reading);
    this.onBatch({ topic, partition, records, highWatermark: log.endOffset });
    return records.length;
  }
}
