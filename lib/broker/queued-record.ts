import type { ProducerRecord, TopicPartitionOffset } from './record.js';

/** A record that waits to be sent, and who waits for it. */
export interface QueuedRecord {
  readonly partition: number;
  /** Records that share one never leave a gap; see {@link BatchingProducer.send}. */
  readonly stream: object | undefined;
  /** About what it takes in a batch. It may grow until the record is sealed. */
  readonly bytes: number;
  /** The record as it leaves: the same one each time. */
  seal(): ProducerRecord;
  /** What can be sent instead, in this order, if the record is too large for its topic; empty if nothing can. */
  divide(): readonly QueuedRecord[];
  /** It is stored. */
  resolve(place: TopicPartitionOffset): void;
  /** It is not sent any more. */
  reject(error: unknown): void;
}

/** A record that is what it is. */
export class WholeRecord implements QueuedRecord {
  readonly bytes: number;

  constructor(
    private readonly record: ProducerRecord,
    readonly stream: object | undefined,
    readonly resolve: (place: TopicPartitionOffset) => void,
    readonly reject: (error: unknown) => void,
  ) {
    this.bytes = sizeOf(record);
  }

  get partition(): number {
    return this.record.partition;
  }

  seal(): ProducerRecord {
    return this.record;
  }

  divide(): readonly QueuedRecord[] {
    return [];
  }
}

/** About what the record takes in a batch; the constant covers offsets, lengths and the timestamp. */
function sizeOf({ key, value, headers }: ProducerRecord): number {
  let bytes = 32 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, bytesOfHeader] of headers) bytes += 10 + name.length + bytesOfHeader.length;
  return bytes;
}
