/**
 * Knows which records of one partition are under way, and so up to where the partition is done. "Contiguous"
 * means in what was delivered: offsets that hold no record (compaction, transactions) leave no gap.
 */
export class OffsetTracker {
  private order: bigint[] = [];
  private head = 0;
  private readonly settled = new Set<bigint>();
  private mark: bigint | undefined;

  /** The offset to commit: everything before it is done. `undefined` if nothing is done yet. */
  get position(): bigint | undefined {
    return this.mark;
  }

  /** How many records are under way, or done but behind one that is not. */
  get pending(): number {
    return this.order.length - this.head;
  }

  /** Notes a record that was taken over. Offsets come in rising order. */
  add(offset: bigint): void {
    this.order.push(offset);
  }

  /** Notes that a record is done. Returns whether the mark moved. */
  settle(offset: bigint): boolean {
    this.settled.add(offset);
    const before = this.mark;
    while (this.head < this.order.length && this.settled.delete(this.order[this.head])) {
      this.mark = this.order[this.head] + 1n;
      this.head += 1;
    }
    if (this.head > 1024 || this.head === this.order.length) {
      this.order = this.order.slice(this.head);
      this.head = 0;
    }
    return this.mark !== before;
  }
}
