import { AsyncCallError } from '../errors/async-call-error.js';

/** How many values may wait for an asynchronous check. */
const MAX_WAITING = 10_000;

/** What is done when all before it is; a promise if it takes time, else nothing. */
type Step = () => Promise<void> | undefined;

/**
 * Takes the values of a stream through a check that may be asynchronous, one after the other: what comes of them, and the
 * end, keep their order. What needs no time is handed on at once.
 *
 * It fails once, with what the check throws, after the values before; and with `overloaded` if 10,000 values wait.
 */
export class OrderedChecks {
  private readonly steps: Step[] = [];
  private readonly idleListeners: (() => void)[] = [];
  private busy = false;
  private stopped = false;
  private closed = false;

  constructor(
    private readonly check: (value: unknown) => unknown,
    private readonly fail: (error: unknown) => void,
  ) {}

  /** Whether nothing more is taken: the end has come, or a failure. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Takes the next value, and hands on what the check makes of it. */
  pass(value: unknown, deliver: (checked: unknown) => void): void {
    if (this.steps.length >= MAX_WAITING) return this.end(() => this.giveUp(tooManyWaiting()));
    this.add(() => {
      const checked = this.check(value);
      if (checked instanceof Promise) return checked.then((later) => this.deliver(later, deliver));
      deliver(checked);
    });
  }

  /** Calls back when all values have been handed on, unless it has failed; nothing more is taken. */
  end(conclude: () => void): void {
    this.add(() => {
      conclude();
      return undefined;
    });
    this.closed = true;
  }

  /** Hands on nothing more. */
  stop(): void {
    this.stopped = true;
    this.closed = true;
    this.steps.length = 0;
    this.tellIdle();
  }

  /** Resolves when no value waits for a check; `undefined` if none does. */
  idle(): Promise<void> | undefined {
    if (!this.busy || this.stopped) return undefined;
    return new Promise((resolve) => void this.idleListeners.push(resolve));
  }

  private add(step: Step): void {
    if (this.closed) return;
    this.steps.push(step);
    if (!this.busy) this.advance();
  }

  private advance(): void {
    // Whoever is handed a value may pass the next one on meanwhile, and that may need time.
    while (!this.busy) {
      const step = this.steps.shift();
      if (!step) return this.tellIdle();
      const pending = this.attempt(step);
      if (pending) this.waitFor(pending);
    }
  }

  private waitFor(pending: Promise<void>): void {
    this.busy = true;
    pending.then(
      () => {
        this.busy = false;
        this.advance();
      },
      (error: unknown) => this.giveUp(error),
    );
  }

  private attempt(step: Step): Promise<void> | undefined {
    try {
      return step();
    } catch (error) {
      this.giveUp(error);
    }
  }

  private deliver(checked: unknown, deliver: (checked: unknown) => void): void {
    if (!this.stopped) deliver(checked);
  }

  private giveUp(error: unknown): void {
    if (this.stopped) return;
    this.stop();
    this.fail(error);
  }

  private tellIdle(): void {
    if (this.idleListeners.length === 0) return;
    for (const resolve of this.idleListeners.splice(0)) resolve();
  }
}

function tooManyWaiting(): AsyncCallError {
  return new AsyncCallError(
    'overloaded',
    `${MAX_WAITING} responses wait for their asynchronous schema: they come faster than it checks them.`,
  );
}
