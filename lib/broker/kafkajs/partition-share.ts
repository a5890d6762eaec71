import type { BrokerError } from '../broker-error.js';
import type { SendResult } from '../producer.js';
import type { ProducerRecord, TopicPartition } from '../record.js';
import { keyOf } from './partitions.js';
import { recordSizeLimit } from './wire/record-batch-writer.js';

/** Brokers take batches of 1 MiB by default, and count what surrounds the records. */
const MAX_BATCH_BYTES = 900_000;

/** One partition's records of one call, in order, and how far it has come with them. */
export class PartitionShare implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly startedAt = performance.now();
  private readonly records: ProducerRecord[] = [];
  /** Where each record was in the call. */
  private readonly indices: number[] = [];
  private settled = 0;

  constructor(
    { topic, partition }: TopicPartition,
    /** Takes the result of the record that had this place in the call. */
    private readonly onResult: (index: number, result: SendResult) => void,
  ) {
    this.topic = topic;
    this.partition = partition;
  }

  add(record: ProducerRecord, index: number): void {
    this.records.push(record);
    this.indices.push(index);
  }

  contains({ topic, partition }: TopicPartition): boolean {
    return this.partition === partition && this.topic === topic;
  }

  isDone(): boolean {
    return this.settled === this.records.length;
  }

  /** The records that are written next: as many as a broker takes at once. */
  next(): readonly ProducerRecord[] {
    const start = this.settled;
    let size = 0;
    let end = start;
    while (end < this.records.length) {
      size += recordSizeLimit(this.records[end]);
      if (end > start && size > MAX_BATCH_BYTES) break;
      end += 1;
    }
    return end - start === this.records.length ? this.records : this.records.slice(start, end);
  }

  /** So many more are stored, from this offset on, which is -1 if it is not known. */
  written(count: number, baseOffset: bigint): void {
    const { topic, partition } = this;
    for (let index = 0; index < count; index++) {
      const offset = baseOffset < 0n ? baseOffset : baseOffset + BigInt(index);
      this.settle({ topic, partition, offset });
    }
  }

  /** None of the others will be stored. */
  reject(error: BrokerError): void {
    while (!this.isDone()) this.settle(error);
  }

  private settle(result: SendResult): void {
    const index = this.indices[this.settled];
    this.settled += 1;
    this.onResult(index, result);
  }
}

/**
 * The records by partition, each partition's in their order. Calls back once, when every record has its result, with the
 * results in the order of the records.
 */
export function splitByPartition(
  records: readonly ProducerRecord[],
  onEnd: (results: SendResult[]) => void,
): PartitionShare[] {
  const results: SendResult[] = [];
  let left = records.length;
  const onResult = (index: number, result: SendResult) => {
    results[index] = result;
    left -= 1;
    if (left === 0) onEnd(results);
  };
  const shares = new Map<string, PartitionShare>();
  let last: PartitionShare | undefined;
  records.forEach((record, index) => {
    const share = last?.contains(record) ? last : shareOf(record, shares, onResult);
    share.add(record, index);
    last = share;
  });
  return [...shares.values()];
}

function shareOf(
  record: ProducerRecord,
  shares: Map<string, PartitionShare>,
  onResult: (index: number, result: SendResult) => void,
): PartitionShare {
  const key = keyOf(record);
  let share = shares.get(key);
  if (share === undefined) shares.set(key, (share = new PartitionShare(record, onResult)));
  return share;
}
