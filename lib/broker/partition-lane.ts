import type { ProducerRecord, TopicPartitionOffset } from './record.js';

/** A record that waits to be sent, and who waits for it. */
export interface QueuedRecord {
  readonly record: ProducerRecord;
  readonly bytes: number;
  readonly stream: object | undefined;
  readonly resolve: (place: TopicPartitionOffset) => void;
  readonly reject: (error: unknown) => void;
}

/** What waits for one partition. */
export class PartitionLane {
  /** A batch of it is under way. */
  busy = false;
  /** Its last batch did not come back in time: nobody waits for the next one. */
  late = false;
  private waiting: QueuedRecord[] = [];
  /** Streams that have lost a record, and why. */
  private readonly broken = new WeakMap<object, unknown>();

  /** How many records wait. */
  get length(): number {
    return this.waiting.length;
  }

  push(queued: QueuedRecord): void {
    this.waiting.push(queued);
  }

  /** Puts back what was taken. */
  putBack(batch: readonly QueuedRecord[]): void {
    this.waiting = [...batch, ...this.waiting];
  }

  /**
   * Takes the next batch. A record that is larger than a batch may be goes alone, so that if the broker refuses
   * it no other is refused with it. Empty if all that waited was of broken streams.
   */
  take(maxRecords: number, maxBytes: number): QueuedRecord[] {
    const batch: QueuedRecord[] = [];
    let bytes = 0;
    let taken = 0;
    for (const queued of this.waiting) {
      if (!this.rejectIfBroken(queued)) {
        bytes += queued.bytes;
        if (batch.length === maxRecords || (batch.length > 0 && bytes > maxBytes)) break;
        batch.push(queued);
      }
      taken += 1;
    }
    this.waiting.splice(0, taken);
    return batch;
  }

  /** Rejects what was taken; what waits, or comes, of the same streams will not be sent. */
  reject(batch: readonly QueuedRecord[], error: unknown): void {
    for (const { stream, reject } of batch) {
      if (stream) this.broken.set(stream, error);
      reject(error);
    }
  }

  private rejectIfBroken({ stream, reject }: QueuedRecord): boolean {
    if (!stream || !this.broken.has(stream)) return false;
    reject(this.broken.get(stream));
    return true;
  }
}
