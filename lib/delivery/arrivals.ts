import { Fifo } from '../collections/fifo.js';

interface Arrival {
  readonly offset: bigint;
  readonly at: number;
}

/** When the records of one partition were taken over: one note a batch, for those that are not done. */
export class Arrivals {
  private readonly notes = new Fifo<Arrival>();
  /** The note that the oldest record belongs to. */
  private first: Arrival | undefined;

  /** A batch has come that begins at this offset, and the oldest that is not done is at that one. */
  add(offset: bigint, at: number, oldest: bigint): void {
    this.notes.push({ offset, at });
    this.forgetBefore(oldest);
  }

  /** When the oldest that is not done came; `undefined` if none has come. */
  timeOf(oldest: bigint): number | undefined {
    this.forgetBefore(oldest);
    return this.first?.at;
  }

  private forgetBefore(oldest: bigint): void {
    for (let next = this.notes.peek(); next && next.offset <= oldest; next = this.notes.peek()) {
      this.first = this.notes.take();
    }
  }
}
