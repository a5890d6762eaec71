/** How many places of those that have left are kept before they are cleared away. */
const MAX_EMPTY = 1_024;

/** A queue whose length costs nothing: an array's own `shift` moves all that is behind. */
export class Fifo<T> {
  private items: (T | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  /** What comes next; `undefined` if there is nothing. */
  get first(): T | undefined {
    return this.items[this.head];
  }

  push(item: T): void {
    this.items.push(item);
  }

  /** Takes what comes next; `undefined` if there is nothing. */
  shift(): T | undefined {
    const item = this.items[this.head];
    if (this.head === this.items.length) return undefined;
    this.items[this.head] = undefined;
    this.head += 1;
    this.clearAway();
    return item;
  }

  /** Only when what has left is the larger part: so each item is moved once at most, on the average. */
  private clearAway(): void {
    const isWorthIt =
      this.head === this.items.length || (this.head > MAX_EMPTY && this.head > this.items.length / 2);
    if (!isWorthIt) return;
    this.items = this.items.slice(this.head);
    this.head = 0;
  }
}
