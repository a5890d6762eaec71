import { Cutoff } from '../delivery/cutoff.js';
import { MAX_TIMER_MS } from '../delivery/pause.js';
import { AsyncCallError } from '../errors/async-call-error.js';

/** An attempt, as far as its limits are concerned. */
export interface LimitedAttempt {
  /** What is called, for messages. */
  readonly endpoint: string;
  /** When its caller stops waiting, in milliseconds since the epoch; `Infinity` if it does not. */
  readonly deadline: number;
  /** Aborts when its result is not wanted any more. */
  readonly cutoff: Cutoff;
  /** Aborts when what happens to it is the business of others. */
  readonly gone: Cutoff;
}

/** Ends an attempt at its caller's deadline, and when its handler has taken longer than it may. */
export class AttemptLimits {
  /** When it aborts, the handler is not waited for any more, whatever it does. */
  readonly notWaitedFor: Cutoff;
  private readonly deadlineTimer: NodeJS.Timeout | undefined;
  private readonly maxTimer: NodeJS.Timeout | undefined;
  private tookTooLong = false;

  constructor(
    private readonly attempt: LimitedAttempt,
    private readonly maxHandlerMs: number | undefined,
  ) {
    const { cutoff, deadline, gone } = attempt;
    this.deadlineTimer = after(deadline - Date.now(), () => cutoff.abort());
    this.notWaitedFor = maxHandlerMs === undefined ? gone : new Cutoff(gone);
    if (maxHandlerMs !== undefined) this.maxTimer = after(maxHandlerMs, () => this.giveUp());
  }

  /** Throws `timeout` if the handler has taken longer than it may. */
  check(): void {
    if (!this.tookTooLong) return;
    const { endpoint } = this.attempt;
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
    this.attempt.cutoff.abort();
  }
}

/** A limit that is further off than a timer can be set to is none. */
function after(ms: number, action: () => void): NodeJS.Timeout | undefined {
  return ms <= MAX_TIMER_MS ? setTimeout(action, ms) : undefined;
}
