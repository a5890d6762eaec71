import { setMaxListeners } from 'node:events';
import type { AssignedPartition } from '../broker/consumer.js';
import { decodeCompleted, encodeCompleted, MAX_REMEMBERED_SPAN } from '../delivery/completed-offsets.js';
import type { DeliveryOwner } from '../delivery/delivery.js';
import { InFlightRequests } from '../delivery/in-flight-requests.js';
import { OffsetTracker } from '../delivery/offset-tracker.js';

/** The work of one partition, from the moment it was assigned until it is revoked or lost. */
export class OwnedPartition implements DeliveryOwner {
  readonly partition: number;
  readonly epoch: number;
  readonly tracker: OffsetTracker;
  readonly requests = new InFlightRequests();
  /** Whether nothing is taken from it for now. */
  paused = false;
  private isHeldBack = false;
  private readonly gone = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private readonly attempts = new Set<AbortController>();
  private readonly leaving = new AbortController();
  private changed = false;

  /** Begins where the assignment says, with what its last owner has left in the metadata of its commit. */
  constructor({ partition, offset, metadata, epoch }: AssignedPartition) {
    this.partition = partition;
    this.epoch = epoch;
    this.tracker = new OffsetTracker(offset, decodeCompleted(offset, metadata));
    // Every request that waits for another attempt listens.
    setMaxListeners(0, this.gone.signal, this.leaving.signal);
  }

  get closing(): AbortSignal {
    return this.leaving.signal;
  }

  get signal(): AbortSignal {
    return this.gone.signal;
  }

  /** Whether it may not go further ahead of its oldest request than a commit can tell the next owner. */
  get heldBack(): boolean {
    return this.isHeldBack;
  }

  /** Looks whether it is held back now; true when that has just begun. It ends at half of the limit. */
  isHeldBackNow(): boolean {
    const { pending } = this.tracker;
    const before = this.isHeldBack;
    if (pending >= MAX_REMEMBERED_SPAN) this.isHeldBack = true;
    else if (pending <= MAX_REMEMBERED_SPAN / 2) this.isHeldBack = false;
    return this.isHeldBack && !before;
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
    if (this.signal.aborted) return;
    this.tracker.settle(offset);
    this.changed = true;
  }

  /**
   * What to commit, if something was done since it was last taken: up to where the partition is done, and as metadata
   * what is done behind that.
   */
  takeUncommitted(): { offset: bigint; metadata: string } | undefined {
    const { position, completed } = this.tracker;
    if (!this.changed) return undefined;
    this.changed = false;
    return { offset: position, metadata: encodeCompleted(position, completed) };
  }

  /** What was taken could not be committed: it is to be taken again. */
  notCommitted(): void {
    this.changed = true;
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
