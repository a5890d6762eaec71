import type { ProducerIds } from './producer-ids.js';
import type { BatchStamp } from './wire/record-batch-writer.js';

const MAX_EPOCH = 32_767;
/** Sequences go from 0 to the largest int32, then from 0 again. */
const SEQUENCES = 2 ** 31;

/**
 * The numbers of one partition's records, by which its leader tells a repeated batch from a new one and
 * notices a missing one. Epochs are the partition's own: brokers know a producer by partition.
 */
export class PartitionSequence {
  private producerId: bigint | undefined;
  private epoch = 0;
  private next = 0;

  constructor(private readonly ids: ProducerIds) {}

  /** Whether there is a producer id to stamp batches with. */
  isReady(): boolean {
    this.producerId ??= this.ids.current;
    return this.producerId !== undefined;
  }

  /** For the batch that is sent next: the same until {@link advance} or {@link restart}. Needs an id. */
  stamp(): BatchStamp {
    return { producerId: this.producerId!, epoch: this.epoch, baseSequence: this.next };
  }

  /** The batch is stored. */
  advance(count: number): void {
    this.next = (this.next + count) % SEQUENCES;
  }

  /**
   * It is not known how far the leader's count is. The next epoch begins at 0 and shuts out what may still be
   * on its way in this one.
   */
  restart(): void {
    this.next = 0;
    if (this.epoch === MAX_EPOCH) this.renounce();
    else this.epoch += 1;
  }

  /** Goes on with another producer id. */
  renounce(): void {
    if (this.producerId !== undefined) this.ids.retire(this.producerId);
    this.producerId = undefined;
    this.epoch = this.next = 0;
  }
}
