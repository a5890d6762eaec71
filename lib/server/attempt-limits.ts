import { Cutoff } from '../delivery/cutoff.js';
import { type AttemptDelivery, deadlineOf } from '../delivery/delivery.js';
import { MAX_TIMER_MS } from '../delivery/pause.js';
import { AsyncCallError } from '../errors/async-call-error.js';

/** Ends an attempt at its caller's deadline, and when its handler has taken longer than it may. */
export class AttemptLimits {
  /** When it aborts, the handler is not waited for any more, whatever it does. */
  readonly notWaitedFor: Cutoff;
  private readonly deadlineTimer: NodeJS.Timeout | undefined;
  private readonly maxTimer: NodeJS.Timeout | undefined;
  private tookTooLong = false;

  constructor(
    private readonly delivery: AttemptDelivery,
    private readonly maxHandlerMs: number | undefined,
  ) {
    const { cutoff, owner } = delivery;
    this.deadlineTimer = after(deadlineOf(delivery) - Date.now(), () => cutoff.abort());
    this.notWaitedFor = maxHandlerMs === undefined ? owner.gone : new Cutoff(owner.gone);
    if (maxHandlerMs !== undefined) this.maxTimer = after(maxHandlerMs, () => this.giveUp());
  }

  /** Throws `timeout` if the handler has taken longer than it may. */
  check(): void {
    if (!this.tookTooLong) return;
    const { endpoint } = this.delivery.request;
    throw new AsyncCallError(
      'timeout',
      `${endpoint} did not end within ${this.maxHandlerMs} ms (maxHandlerMs).`,
    );
  }

  /** The attempt is over. */
  clear(): void {
    clearTimeout(this.deadlineTimer);
    clearTimeout(this.maxTimer);
    this.notWaitedFor.release();
  }

  private giveUp(): void {
    this.tookTooLong = true;
    this.notWaitedFor.abort();
    this.delivery.cutoff.abort();
  }
}

/** A limit that is further off than a timer can be set to is none. */
function after(ms: number, action: () => void): NodeJS.Timeout | undefined {
  return ms <= MAX_TIMER_MS ? setTimeout(action, ms) : undefined;
}
