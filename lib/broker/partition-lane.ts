import type { QueuedRecord } from './queued-record.js';

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
    for (const queued of batch) {
      if (queued.stream) this.broken.set(queued.stream, error);
      queued.reject(error);
    }
  }

  private rejectIfBroken(queued: QueuedRecord): boolean {
    const { stream } = queued;
    if (!stream || !this.broken.has(stream)) return false;
    queued.reject(this.broken.get(stream));
    return true;
  }
}
