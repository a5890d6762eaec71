import type { Environment } from '../../environment/environment.js';
import type { StartPosition } from '../consumer.js';
import type { ConsumerRecord, ProducerRecord } from '../record.js';
import { heapBytes, recordBytes, storedRecord } from './stored-record.js';

/** Fewer dropped records than this are not worth moving the others. */
const MIN_DROPPED_BEFORE_COMPACTION = 1_000;

/** How much {@link PartitionLog.read} may return. */
export interface ReadLimits {
  readonly maxRecords: number;
  /** A first record that is larger still comes. */
  readonly maxBytes: number;
}

/**
 * The records of one partition. Above `retentionBytes`, the room taken in memory, the oldest are dropped
 * and the start moves on; the newest always stays.
 */
export class PartitionLog {
  /** At the front those that were dropped, of which nothing is kept. */
  private records: (ConsumerRecord | undefined)[] = [];
  private sizes: number[] = [];
  private dropped = 0;
  private start = 0n;
  private heapBytes = 0;

  constructor(
    private readonly retentionBytes: number,
    private readonly environment: Environment,
  ) {}

  /** The offset of the oldest record, or of the next one if there is none. */
  get startOffset(): bigint {
    return this.start;
  }

  /** The offset that the next record gets. */
  get endOffset(): bigint {
    return this.start + BigInt(this.records.length - this.dropped);
  }

  /** Stores a copy of the record and returns its offset. */
  append(record: ProducerRecord): bigint {
    const offset = this.endOffset;
    const size = recordBytes(record);
    this.records.push(storedRecord(record, offset, this.environment));
    this.sizes.push(size);
    this.heapBytes += heapBytes(size, record);
    while (this.heapBytes > this.retentionBytes && this.start < offset) this.dropOldest();
    this.compact();
    return offset;
  }

  /** The records from a position on that is in range. */
  read(from: bigint, { maxRecords, maxBytes }: ReadLimits): ConsumerRecord[] {
    const first = this.dropped + Number(from - this.start);
    let end = first;
    for (let bytes = 0; end < this.records.length && end - first < maxRecords; end++) {
      bytes += this.sizes[end];
      if (bytes > maxBytes && end > first) break;
    }
    return this.records.slice(first, end) as ConsumerRecord[];
  }

  /** The offset that reading goes on at: the position itself, or the earliest if no record is or will be there. */
  inRange(position: bigint): bigint {
    return position < this.start || position > this.endOffset ? this.start : position;
  }

  /** The offset that a start position stands for now. */
  offsetAt(position: StartPosition): bigint {
    if (typeof position === 'bigint') return this.inRange(position);
    if (position === 'earliest') return this.start;
    if (position === 'latest') return this.endOffset;
    const found = this.records.find((record) => record && record.timestamp >= position.timestampMs);
    return found?.offset ?? this.endOffset;
  }

  /** Drops the records before the offset. */
  deleteBefore(offset: bigint): void {
    while (this.start < offset && this.start < this.endOffset) this.dropOldest();
    this.compact();
  }

  private dropOldest(): void {
    this.heapBytes -= heapBytes(this.sizes[this.dropped], this.records[this.dropped] as ConsumerRecord);
    this.records[this.dropped] = undefined;
    this.dropped += 1;
    this.start += 1n;
  }

  private compact(): void {
    // Moving the rest only once half is gone makes a drop cheap on average.
    if (this.dropped < MIN_DROPPED_BEFORE_COMPACTION || this.dropped * 2 < this.records.length) return;
    this.records = this.records.slice(this.dropped);
    this.sizes = this.sizes.slice(this.dropped);
    this.dropped = 0;
  }
}
