import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import type { TimerHandle } from '../environment/environment.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { SeededRandom } from './random.js';
import type { ProcessEnvironment, TestTime } from './test-time.js';

// Test runners replace the globals; what is needed to see the process at rest must stay real.
const realSetImmediate = setImmediate;
const realSetTimeout = setTimeout;
const realQueueMicrotask = queueMicrotask;
const realDate = Date;

function realPause(ms: number): Promise<void> {
  return new Promise((resolve) => realSetTimeout(resolve, ms));
}

/** After so many tasks in a row, timers and I/O of the process get their share. */
const TASKS_PER_TURN = 1_000;
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

/** A task, in the async context in which it was handed in. */
interface Task {
  readonly owner: VirtualEnvironment;
  run(): void;
}

/**
 * Time that stands still until it is told to advance. Tasks of the library's own run by themselves, one after the other,
 * between microtasks: no turn of the event loop is needed.
 */
export class VirtualTime implements TestTime {
  readonly random: SeededRandom;
  private readonly startedAt = Date.now();
  private elapsedMs = 0;
  /** While the timers of the process are carried along: how their clock and this one compare. */
  private carrying: { readonly date: number; readonly elapsedMs: number } | undefined;
  private readonly timers = new Set<VirtualTimer>();
  private readonly tasks: Task[] = [];
  private isRunning = false;
  private ranInTurn = 0;
  private ran = 0;
  private timersSet = 0;
  private driven = false;

  /** Throws `invalid-argument` if microtasks are fake. */
  constructor(private readonly options: VirtualTimeOptions) {
    if (queueMicrotask !== realQueueMicrotask) throw microtasksAreFake();
    this.random = new SeededRandom(options.seed);
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
    for (let timer = this.nextUntil(end); timer; timer = this.nextUntil(end)) await this.goTo(timer);
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
    const timer = this.nextUntil(this.elapsedMs + withinMs);
    if (timer) await this.goTo(timer);
    return timer !== undefined;
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
      const before = this.ran;
      await new Promise<void>((resolve) => realSetImmediate(resolve));
      quiet = this.ran === before && this.tasks.length === 0 ? quiet + 1 : 0;
    }
  }

  hand(owner: VirtualEnvironment, task: () => void): void {
    const context = new AsyncResource('AsyncCallsTask', { requireManualDestroy: true });
    this.tasks.push({ owner, run: () => context.runInAsyncScope(task) });
    if (this.isRunning) return;
    this.isRunning = true;
    outside(realQueueMicrotask, () => this.runNext());
  }

  set(timer: VirtualTimer): void {
    if (timer.owner.hasEnded) return;
    timer.due = this.elapsed + timer.ms;
    timer.order = ++this.timersSet;
    this.timers.add(timer);
  }

  clear(timer: VirtualTimer): void {
    this.timers.delete(timer);
  }

  /** Drops what a process has handed in and set: it is gone. */
  forget(owner: VirtualEnvironment): void {
    for (const timer of this.timers) if (timer.owner === owner) this.timers.delete(timer);
    const others = this.tasks.filter((task) => task.owner !== owner);
    this.tasks.splice(0, this.tasks.length, ...others);
  }

  /** One task, then the microtasks that it has led to, then the next. */
  private runNext(): void {
    const task = this.takeTask();
    if (!task) {
      this.isRunning = false;
      return;
    }
    this.ran += 1;
    this.ranInTurn += 1;
    const goOn = () => this.runNext();
    try {
      task.run();
    } finally {
      if (this.ranInTurn < TASKS_PER_TURN) realQueueMicrotask(goOn);
      else {
        this.ranInTurn = 0;
        realSetImmediate(goOn);
      }
    }
  }

  private takeTask(): Task | undefined {
    if (!this.options.shuffled || this.tasks.length < 2) return this.tasks.shift();
    const [task] = this.tasks.splice(this.random.below(this.tasks.length), 1);
    return task;
  }

  private nextUntil(end: number): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.timers) {
      if (timer.due > end) continue;
      if (!next || timer.due < next.due || (timer.due === next.due && timer.order < next.order)) next = timer;
    }
    return next;
  }

  private async goTo(timer: VirtualTimer): Promise<void> {
    await this.moveTo(timer.due);
    // The timers of the process may have cleared it, and set another that is due before it.
    this.nextUntil(this.elapsedMs)?.fire();
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

/** The tasks run in nobody's context but their own. */
const outside = AsyncLocalStorage.snapshot();

function microtasksAreFake(): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    'queueMicrotask is fake, and without it nothing is answered. Leave it as it is: ' +
      "jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }).",
  );
}

class VirtualTimer implements TimerHandle {
  due = 0;
  order = 0;
  readonly ms: number;
  private readonly context = new AsyncResource('AsyncCallsTimer', { requireManualDestroy: true });

  constructor(
    readonly owner: VirtualEnvironment,
    private readonly time: VirtualTime,
    private readonly task: () => void,
    ms: number,
    private readonly repeats: boolean,
  ) {
    // As the process's own timers do.
    this.ms = ms >= 1 ? ms : 1;
  }

  refresh(): this {
    this.time.set(this);
    return this;
  }

  fire(): void {
    if (this.repeats) this.time.set(this);
    else this.time.clear(this);
    this.context.runInAsyncScope(this.task);
  }
}

/** What one simulated process sees of virtual time. Once it is ended, nothing that it has begun goes on. */
class VirtualEnvironment implements ProcessEnvironment {
  private ended = false;

  constructor(private readonly time: VirtualTime) {}

  get hasEnded(): boolean {
    return this.ended;
  }

  now(): number {
    return this.time.now;
  }

  uptime(): number {
    return this.time.elapsed;
  }

  random(): number {
    return this.time.random.next();
  }

  randomBytes(size: number): Buffer {
    return this.time.random.bytes(size);
  }

  setTimeout(task: () => void, ms: number): TimerHandle {
    return this.timer(task, ms, false);
  }

  clearTimeout(timer: TimerHandle | undefined): void {
    if (timer) this.time.clear(timer as VirtualTimer);
  }

  setInterval(task: () => void, ms: number): TimerHandle {
    return this.timer(task, ms, true);
  }

  clearInterval(timer: TimerHandle | undefined): void {
    this.clearTimeout(timer);
  }

  setImmediate(task: () => void): void {
    if (!this.ended) this.time.hand(this, task);
  }

  /** A test that has ended must not keep its runner waiting. */
  keepAlive(): () => void {
    return () => undefined;
  }

  end(): void {
    this.ended = true;
    this.time.forget(this);
  }

  private timer(task: () => void, ms: number, repeats: boolean): TimerHandle {
    const timer = new VirtualTimer(this, this.time, task, ms, repeats);
    this.time.set(timer);
    return timer;
  }
}
