import { Fifo } from '../collections/fifo.js';

/**
 * Knows which records of one partition are under way, and so up to where the partition is done. "Contiguous"
 * means in what was delivered: offsets that hold no record (compaction, transactions) leave no gap.
 */
export class OffsetTracker {
  private readonly order = new Fifo<bigint>();
  private readonly settled = new Set<bigint>();

  /** Begins at an offset; `completedBefore` are those behind it that an earlier owner has done. */
  constructor(
    private mark: bigint,
    private readonly completedBefore: Set<bigint> = new Set(),
  ) {}

  /** The offset to commit: everything before it is done. */
  get position(): bigint {
    return this.mark;
  }

  /** What is done behind the position, in no order. */
  get completed(): Iterable<bigint> {
    return this.settled;
  }

  /** The first record that is under way; `undefined` if none is. */
  get oldest(): bigint | undefined {
    return this.order.peek();
  }

  /** How many are done behind one that is not. */
  get completedCount(): number {
    return this.settled.size;
  }

  /** How many records are under way, or done but behind one that is not. */
  get pending(): number {
    return this.order.length;
  }

  /**
   * Notes a record that was taken over; offsets come in rising order. Returns whether it is to be run: not if an
   * earlier owner has done it.
   */
  add(offset: bigint): boolean {
    this.order.push(offset);
    if (!this.completedBefore.delete(offset)) return true;
    this.settle(offset);
    return false;
  }

  /** Notes that a record is done. Returns whether the mark moved. */
  settle(offset: bigint): boolean {
    this.settled.add(offset);
    const before = this.mark;
    for (
      let first = this.order.peek();
      first !== undefined && this.settled.delete(first);
      first = this.order.peek()
    ) {
      this.mark = first + 1n;
      this.order.take();
    }
    return this.mark !== before;
  }
}
