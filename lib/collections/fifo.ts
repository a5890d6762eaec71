/**
 * First in, first out. To take one costs the same however many wait: an array's `shift` moves all the others, and of
 * 30,000 that takes seconds.
 */
export class Fifo<T> {
  /** The oldest, the first of them at the end. */
  private oldest: T[] = [];
  private latest: T[] = [];

  get length(): number {
    return this.oldest.length + this.latest.length;
  }

  push(item: T): void {
    this.latest.push(item);
  }

  /** The first one, which stays; `undefined` if there is none. */
  peek(): T | undefined {
    if (this.oldest.length === 0 && this.latest.length > 0) {
      const drained = this.oldest;
      this.oldest = this.latest.reverse();
      this.latest = drained;
    }
    return this.oldest.at(-1);
  }

  /** Takes the first one; `undefined` if there is none. */
  take(): T | undefined {
    this.peek();
    return this.oldest.pop();
  }

  /** Takes all for which this is true, in their order. */
  takeAll(isTaken: (item: T) => boolean): T[] {
    const all = [...this.oldest.reverse(), ...this.latest];
    this.oldest = [];
    this.latest = all.filter((item) => !isTaken(item));
    return all.filter(isTaken);
  }
}
