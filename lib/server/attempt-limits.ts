import { type AttemptDelivery, deadlineOf } from '../delivery/delivery.js';
import { MAX_TIMER_MS } from '../delivery/pause.js';
import { AsyncCallError } from '../errors/async-call-error.js';

/** Ends an attempt at its caller's deadline, and when its handler has taken longer than it may. */
export class AttemptLimits {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly tooLong = new AbortController();

  constructor(
    private readonly delivery: AttemptDelivery,
    private readonly maxHandlerMs: number | undefined,
  ) {
    const { controller } = delivery;
    this.after(deadlineOf(delivery) - Date.now(), () => controller.abort());
    if (maxHandlerMs === undefined) return;
    this.after(maxHandlerMs, () => {
      this.tooLong.abort();
      controller.abort();
    });
  }

  /** Aborts when the handler is not waited for any more, whatever it does. */
  get overdue(): AbortSignal {
    return this.tooLong.signal;
  }

  /** Throws `timeout` if the handler has taken longer than it may. */
  check(): void {
    if (!this.overdue.aborted) return;
    const { endpoint } = this.delivery.request;
    throw new AsyncCallError(
      'timeout',
      `${endpoint} did not end within ${this.maxHandlerMs} ms (maxHandlerMs).`,
    );
  }

  /** The attempt is over. */
  clear(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  /** A limit that is further off than a timer can be set to is none. */
  private after(ms: number, action: () => void): void {
    if (ms <= MAX_TIMER_MS) this.timers.push(setTimeout(action, ms));
  }
}
