import { type AttemptDelivery, deadlineOf } from '../delivery/delivery.js';
import { AsyncCallError } from '../errors/async-call-error.js';

/** What a timer can take; a limit that is further off is none. */
const MAX_TIMER_MS = 2 ** 31 - 1;

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

  private after(ms: number, action: () => void): void {
    if (ms <= MAX_TIMER_MS) this.timers.push(setTimeout(action, ms));
  }
}
