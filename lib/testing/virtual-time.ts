import { AsyncCallError } from '../errors/async-call-error.js';
import { SeededRandom } from './random.js';
import { realDate, realQueueMicrotask, realSetImmediate, realSetTimeout } from './real-globals.js';
import { TaskQueue } from './task-queue.js';
import type { ProcessEnvironment, TestTime } from './test-time.js';
import { VirtualEnvironment, type VirtualWorldTime } from './virtual-environment.js';
import { VirtualTimers } from './virtual-timers.js';

/** So many turns of the event loop without a task mean that nothing moves: promises in between have run. */
const QUIET_TURNS = 3;

/** What has not come about by then does not, however much time passes. */
const MAX_WAIT_MS = 3_600_000;

/** Timers of the process that time is to carry along: `jest` or `vi`, after their `useFakeTimers`. */
export interface FakeTimers {
  advanceTimersByTimeAsync(ms: number): Promise<unknown>;
}

/** What virtual time begins with. */
export interface VirtualTimeOptions {
  readonly seed: number;
  /** Whether tasks that wait are run in a random order instead of their own. */
  readonly shuffled: boolean;
  readonly timers?: FakeTimers;
}

/** How time passes until something is done. */
export interface PassOptions {
  /** Called before each step; time stands still meanwhile. */
  readonly beforeStep?: () => Promise<void>;
  /**
   * How much real time there is before each step for what is waited for outside of this world, such as files: otherwise hours
   * might pass meanwhile. Default 0.
   */
  readonly patienceMs?: number;
}

/**
 * Time that stands still until it is told to advance. Tasks of the library's own run by themselves, one after the other,
 * between microtasks: no turn of the event loop is needed.
 */
export class VirtualTime implements TestTime, VirtualWorldTime {
  readonly random: SeededRandom;
  readonly timers = new VirtualTimers(() => this.elapsed);
  readonly tasks: TaskQueue;
  private readonly startedAt = Date.now();
  private elapsedMs = 0;
  /** While the timers of the process are carried along: how their clock and this one compare. */
  private carrying: { readonly date: number; readonly elapsedMs: number } | undefined;
  private driven = false;

  /** Throws `invalid-argument` if microtasks are fake. */
  constructor(private readonly options: VirtualTimeOptions) {
    if (queueMicrotask !== realQueueMicrotask) throw microtasksAreFake();
    this.random = new SeededRandom(options.seed);
    this.tasks = new TaskQueue(options.shuffled ? this.random : undefined);
  }

  /** Milliseconds since it began. */
  get elapsed(): number {
    if (!this.carrying) return this.elapsedMs;
    const { date, elapsedMs } = this.carrying;
    return elapsedMs + Date.now() - date;
  }

  get now(): number {
    return this.startedAt + this.elapsed;
  }

  /** Time and chance of one simulated process. */
  createProcess(): ProcessEnvironment {
    return new VirtualEnvironment(this);
  }

  /** See {@link TestTime.advance}. */
  async advance(ms: number): Promise<void> {
    if (this.driven) return new Promise((resolve) => void this.createProcess().setTimeout(resolve, ms));
    const end = this.elapsedMs + ms;
    await this.rest();
    for (let next = this.timers.nextUntil(end); next; next = this.timers.nextUntil(end))
      await this.goTo(next.due);
    await this.moveTo(end);
    await this.rest();
  }

  /** Somebody else lets time pass from now on, step by step: to advance is to wait for that. */
  drive(): void {
    this.driven = true;
  }

  get isDriven(): boolean {
    return this.driven;
  }

  /** Advances to the next timer; false if there is none within these milliseconds. */
  async step(withinMs: number): Promise<boolean> {
    const next = this.timers.nextUntil(this.elapsedMs + withinMs);
    if (next) await this.goTo(next.due);
    return next !== undefined;
  }

  /**
   * Lets time pass, as fast as can be, until the work is done. Resolves or rejects as it does. Rejects if it is not done within
   * an hour: else what waits in vain would keep the process busy for ever.
   */
  async passUntil<T>(work: Promise<T>, { beforeStep, patienceMs = 0 }: PassOptions = {}): Promise<T> {
    let isOver = false;
    const end = () => (isOver = true);
    const ended = work.then(end, end);
    const latest = this.elapsedMs + MAX_WAIT_MS;
    for (await this.rest(); !isOver; await this.rest()) {
      if (this.elapsedMs > latest) throw waitsInVain();
      await beforeStep?.();
      if (patienceMs > 0) await Promise.race([ended, realPause(patienceMs)]);
      if (!isOver) await this.step(Infinity);
    }
    return work;
  }

  /** Resolves when nothing moves any more without time, or something outside of this process. */
  async rest(): Promise<void> {
    let quiet = 0;
    while (quiet < QUIET_TURNS) {
      const before = this.tasks.ran;
      await new Promise<void>((resolve) => realSetImmediate(resolve));
      quiet = this.tasks.ran === before && this.tasks.isEmpty ? quiet + 1 : 0;
    }
  }

  private async goTo(due: number): Promise<void> {
    await this.moveTo(due);
    // The timers of the process may have cleared it, and set another that is due before it.
    this.timers.nextUntil(this.elapsedMs)?.fire();
    await this.rest();
  }

  private async moveTo(elapsedMs: number): Promise<void> {
    const ms = elapsedMs - this.elapsedMs;
    if (ms <= 0) return;
    const { timers } = this.options;
    // What a timer of the process does at 300 ms of 500, it does at 300 ms here, too; if its clock is fake, that is.
    if (timers && Date !== realDate) this.carrying = { date: Date.now(), elapsedMs: this.elapsedMs };
    this.elapsedMs = elapsedMs;
    try {
      await timers?.advanceTimersByTimeAsync(ms);
    } finally {
      this.carrying = undefined;
    }
  }
}

function waitsInVain(): Error {
  return new Error(
    'This has not come about within an hour of virtual time: it waits for something that does not happen.',
  );
}

function microtasksAreFake(): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    'queueMicrotask is fake, and without it nothing is answered. Leave it as it is: ' +
      "jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }).",
  );
}

function realPause(ms: number): Promise<void> {
  return new Promise((resolve) => realSetTimeout(resolve, ms));
}
