import type { BrokerError } from '../broker-error.js';
import type { ProducerRecord, TopicPartition } from '../record.js';
import { keyOf } from './partitions.js';
import { recordSizeLimit, writeRecordBatch } from './wire/record-batch-writer.js';

/** Brokers take batches of 1 MiB by default, and count what surrounds the records. */
const MAX_BATCH_BYTES = 900_000;

/** One partition's records of a send, in order, and how far it has come with them. */
export class PartitionShare implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** Where each record was in the call. */
  readonly indices: number[] = [];
  /** The offsets of what was written. */
  readonly offsets: bigint[] = [];
  /** Why the last attempt failed; `undefined` if it did not. */
  error: BrokerError | undefined;
  private readonly records: ProducerRecord[] = [];
  private encoded: { readonly batch: Buffer; readonly count: number } | undefined;

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic;
    this.partition = partition;
  }

  add(record: ProducerRecord, index: number): void {
    this.records.push(record);
    this.indices.push(index);
  }

  isDone(): boolean {
    return this.offsets.length === this.records.length;
  }

  /** The record batch that is to be written next: as many records as a broker takes at once. */
  nextBatch(): Buffer {
    this.encoded ??= this.encode();
    return this.encoded.batch;
  }

  written(baseOffset: bigint): void {
    for (let index = 0; index < (this.encoded?.count ?? 0); index++)
      this.offsets.push(baseOffset + BigInt(index));
    this.encoded = undefined;
    this.error = undefined;
  }

  failed(error: BrokerError): void {
    this.error = error;
  }

  describe(): string {
    const { count = 0, batch } = this.encoded ?? {};
    return `${count} record${count === 1 ? '' : 's'} (${batch?.length ?? 0} bytes) to topic ${this.topic}`;
  }

  private encode(): { batch: Buffer; count: number } {
    const start = this.offsets.length;
    let size = 0;
    let end = start;
    while (end < this.records.length) {
      size += recordSizeLimit(this.records[end]);
      if (end > start && size > MAX_BATCH_BYTES) break;
      end += 1;
    }
    return { batch: writeRecordBatch(this.records.slice(start, end), Date.now()), count: end - start };
  }
}

/** The records by partition, each partition's in their order. */
export function splitByPartition(records: readonly ProducerRecord[]): PartitionShare[] {
  const shares = new Map<string, PartitionShare>();
  records.forEach((record, index) => {
    const key = keyOf(record);
    let share = shares.get(key);
    if (share === undefined) shares.set(key, (share = new PartitionShare(record)));
    share.add(record, index);
  });
  return [...shares.values()];
}
