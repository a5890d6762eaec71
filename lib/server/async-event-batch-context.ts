import type { Cutoff } from '../delivery/cutoff.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { AsyncEventContext } from './async-event-context.js';
import { HandlerContext } from './handler-context.js';

/** What a handler of batches may know of its events, and where it says which of them have failed. */
export class AsyncEventBatchContext extends HandlerContext<[readonly AsyncEventContext[]]> {
  private readonly failures = new Map<number, unknown>();

  constructor(
    /** The context of each event, in the order of the data. */
    readonly events: readonly AsyncEventContext[],
    cutoff: Cutoff,
  ) {
    super([events], cutoff);
  }

  /**
   * This event has failed, and the others have not: it alone is tried again, or kept as a dead letter if the error says
   * that this is of no use. Throws `invalid-argument` if there is no event at this index.
   */
  fail(index: number, error: unknown): void {
    if (!(index in this.events)) {
      throw new AsyncCallError(
        'invalid-argument',
        `There is no event ${index} in this batch: it has ${this.events.length}, from 0 on.`,
      );
    }
    this.failures.set(index, error);
  }

  /** Why each event has failed that has. */
  get failed(): ReadonlyMap<number, unknown> {
    return this.failures;
  }
}
