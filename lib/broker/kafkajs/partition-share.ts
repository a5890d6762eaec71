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
  /** Resolves when every record has its result. */
  readonly ended: Promise<void>;
  private end!: () => void;
  private readonly records: ProducerRecord[] = [];
  /** Where each record was in the call. */
  private readonly indices: number[] = [];
  private settled = 0;

  /** `results` are the call's. */
  constructor(
    { topic, partition }: TopicPartition,
    private readonly results: SendResult[],
  ) {
    this.topic = topic;
    this.partition = partition;
    this.ended = new Promise((resolve) => (this.end = resolve));
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
  next(): ProducerRecord[] {
    const start = this.settled;
    let size = 0;
    let end = start;
    while (end < this.records.length) {
      size += recordSizeLimit(this.records[end]);
      if (end > start && size > MAX_BATCH_BYTES) break;
      end += 1;
    }
    return this.records.slice(start, end);
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
    this.results[this.indices[this.settled]] = result;
    this.settled += 1;
    if (this.isDone()) this.end();
  }
}

/** The records by partition, each partition's in their order; they put their results into `results`. */
export function splitByPartition(
  records: readonly ProducerRecord[],
  results: SendResult[],
): PartitionShare[] {
  const shares = new Map<string, PartitionShare>();
  let last: PartitionShare | undefined;
  records.forEach((record, index) => {
    const share = last?.contains(record) ? last : shareOf(record, shares, results);
    share.add(record, index);
    last = share;
  });
  return [...shares.values()];
}

function shareOf(
  record: ProducerRecord,
  shares: Map<string, PartitionShare>,
  results: SendResult[],
): PartitionShare {
  const key = keyOf(record);
  let share = shares.get(key);
  if (share === undefined) shares.set(key, (share = new PartitionShare(record, results)));
  return share;
}
