import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { realQueueMicrotask, realSetImmediate } from './real-globals.js';
import type { SeededRandom } from './random.js';

/** After so many tasks in a row, timers and I/O of the process get their share. */
const TASKS_PER_TURN = 1_000;

/** The queue itself runs in nobody's context. */
const outside = AsyncLocalStorage.snapshot();

/** A task, in the async context in which it was handed in. */
interface Task {
  readonly owner: object;
  run(): void;
}

/** Runs tasks by itself, one after the other, between microtasks: no turn of the event loop is needed. */
export class TaskQueue {
  private readonly tasks: Task[] = [];
  private isRunning = false;
  private ranInTurn = 0;
  private count = 0;

  /** With a source of chance, those that wait are run in an order that it decides instead of their own. */
  constructor(private readonly shuffle: SeededRandom | undefined) {}

  get isEmpty(): boolean {
    return this.tasks.length === 0;
  }

  /** How many were run so far. */
  get ran(): number {
    return this.count;
  }

  push(owner: object, task: () => void): void {
    const context = new AsyncResource('AsyncCallsTask', { requireManualDestroy: true });
    this.tasks.push({ owner, run: () => context.runInAsyncScope(task) });
    if (this.isRunning) return;
    this.isRunning = true;
    outside(realQueueMicrotask, () => this.runNext());
  }

  /** Drops the tasks of an owner. */
  forget(owner: object): void {
    const others = this.tasks.filter((task) => task.owner !== owner);
    this.tasks.splice(0, this.tasks.length, ...others);
  }

  /** One task, then the microtasks that it has led to, then the next. */
  private runNext(): void {
    const task = this.take();
    if (!task) {
      this.isRunning = false;
      return;
    }
    this.count += 1;
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

  private take(): Task | undefined {
    if (!this.shuffle || this.tasks.length < 2) return this.tasks.shift();
    const [task] = this.tasks.splice(this.shuffle.below(this.tasks.length), 1);
    return task;
  }
}
