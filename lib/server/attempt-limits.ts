import { type AttemptDelivery, deadlineOf } from '../delivery/delivery.js';
import { MAX_TIMER_MS } from '../delivery/pause.js';
import { AsyncCallError } from '../errors/async-call-error.js';

/** Ends an attempt at its caller's deadline, and when its handler has taken longer than it may. */
export class AttemptLimits {
  private readonly timers: NodeJS.Timeout[] = [];
  /** Only where there is a limit: most attempts have none. */
  private tooLong: AbortController | undefined;

  constructor(
    private readonly delivery: AttemptDelivery,
    private readonly maxHandlerMs: number | undefined,
  ) {
    const { controller } = delivery;
    this.after(deadlineOf(delivery) - Date.now(), () => controller.abort());
    if (maxHandlerMs === undefined) return;
    const tooLong = (this.tooLong = new AbortController());
    this.after(maxHandlerMs, () => {
      tooLong.abort();
      controller.abort();
    });
  }

  /** When one of them aborts the handler is not waited for any more, whatever it does. */
  get notWaitedFor(): readonly AbortSignal[] {
    const { signal } = this.delivery.owner;
    return this.tooLong ? [signal, this.tooLong.signal] : [signal];
  }

  /** Throws `timeout` if the handler has taken longer than it may. */
  check(): void {
    if (!this.tooLong?.signal.aborted) return;
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
