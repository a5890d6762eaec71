import type { DeliveryOwner } from '../delivery/delivery.js';
import { OffsetTracker } from '../delivery/offset-tracker.js';

/** The work of one partition, from the moment it was assigned until it is revoked or lost. */
export class OwnedPartition implements DeliveryOwner {
  readonly tracker = new OffsetTracker();
  private readonly gone = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private readonly attempts = new Set<AbortController>();
  private readonly leaving = new AbortController();
  private committed: bigint | undefined;

  get closing(): AbortSignal {
    return this.leaving.signal;
  }

  get signal(): AbortSignal {
    return this.gone.signal;
  }

  /** Runs work for a record, unless the partition is on its way out: then its next owner does. */
  async run(work: () => Promise<void>): Promise<void> {
    if (this.closing.aborted) return;
    const run = work();
    this.running.add(run);
    await run;
    this.running.delete(run);
  }

  async attempt<T>(work: (controller: AbortController) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.attempts.add(controller);
    try {
      return await work(controller);
    } finally {
      this.attempts.delete(controller);
    }
  }

  /** Notes that a record is done. After an abort it counts no more: the record may run elsewhere. */
  settle(offset: bigint): void {
    if (!this.signal.aborted) this.tracker.settle(offset);
  }

  /** The offset to commit, if it has moved since the last one that was taken. */
  takeUncommitted(): bigint | undefined {
    const { position } = this.tracker;
    if (position === this.committed) return undefined;
    this.committed = position;
    return position;
  }

  /** The offset that was taken could not be committed: it is taken again, unless a later one was. */
  notCommitted(offset: bigint): void {
    if (this.committed === offset) this.committed = undefined;
  }

  /** Starts nothing more, and waits for what runs, but not longer than this. */
  async drain(timeoutMs: number): Promise<void> {
    this.leaving.abort();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.all(this.running), timeout]);
    clearTimeout(timer);
  }

  /** Tells what still runs that its result is not wanted any more. */
  abort(): void {
    this.leaving.abort();
    this.gone.abort();
    for (const controller of this.attempts) controller.abort();
  }
}
