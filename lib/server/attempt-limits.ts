import { Cutoff } from '../delivery/cutoff.js';
import { MAX_TIMER_MS } from '../delivery/pause.js';
import type { Environment, TimerHandle } from '../environment/environment.js';
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
  private readonly deadlineTimer: TimerHandle | undefined;
  private readonly maxTimer: TimerHandle | undefined;
  private tookTooLong = false;

  constructor(
    private readonly attempt: LimitedAttempt,
    private readonly maxHandlerMs: number | undefined,
    private readonly environment: Environment,
  ) {
    const { cutoff, deadline, gone } = attempt;
    this.deadlineTimer = this.after(deadline - environment.now(), () => cutoff.abort());
    this.notWaitedFor = maxHandlerMs === undefined ? gone : new Cutoff(gone);
    if (maxHandlerMs !== undefined) this.maxTimer = this.after(maxHandlerMs, () => this.giveUp());
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
    this.environment.clearTimeout(this.deadlineTimer);
    this.environment.clearTimeout(this.maxTimer);
    this.notWaitedFor.release();
  }

  /** A limit that is further off than a timer can be set to is none. */
  private after(ms: number, action: () => void): TimerHandle | undefined {
    return ms <= MAX_TIMER_MS ? this.environment.setTimeout(action, ms) : undefined;
  }

  private giveUp(): void {
    this.tookTooLong = true;
    this.notWaitedFor.abort();
    this.attempt.cutoff.abort();
  }
}
