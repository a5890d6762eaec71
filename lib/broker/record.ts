/** A header: a name and its bytes. A name may come more than once; their order is kept. */
export type RecordHeader = readonly [name: string, value: Buffer];

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A place in a partition: the offset of the next record to read. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: bigint;
}

/** A record on its way to the broker. */
export interface ProducerRecord extends TopicPartition {
  /** The partition key's bytes; `null` for none. */
  readonly key: Buffer | null;
  /** The payload; `null` is a tombstone. */
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  /** Milliseconds since the epoch; by default the time of sending. */
  readonly timestamp?: number;
}

/** A record as the broker stored it. */
export interface ConsumerRecord extends TopicPartitionOffset {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** As they were sent. A header whose value was null has an empty one. */
  readonly headers: readonly RecordHeader[];
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** Consecutive records of one partition, in offset order, never empty. */
export interface RecordBatch extends TopicPartition {
  readonly records: readonly ConsumerRecord[];
  /** The offset after the last record of the partition, when the batch was fetched. */
  readonly highWatermark: bigint;
}
