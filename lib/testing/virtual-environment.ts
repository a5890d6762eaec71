import type { TimerHandle } from '../environment/environment.js';
import type { SeededRandom } from './random.js';
import type { TaskQueue } from './task-queue.js';
import type { ProcessEnvironment } from './test-time.js';
import type { VirtualTimers } from './virtual-timers.js';

/** The time and the chance that simulated processes share. */
export interface VirtualWorldTime {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Milliseconds since it began. */
  readonly elapsed: number;
  readonly random: SeededRandom;
  readonly timers: VirtualTimers;
  readonly tasks: TaskQueue;
}

/** What one simulated process sees of virtual time. Once it is ended, nothing that it has begun goes on. */
export class VirtualEnvironment implements ProcessEnvironment {
  private ended = false;

  constructor(private readonly time: VirtualWorldTime) {}

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
    return this.time.timers.set(this, task, ms, false);
  }

  clearTimeout(timer: TimerHandle | undefined): void {
    this.time.timers.clear(timer);
  }

  setInterval(task: () => void, ms: number): TimerHandle {
    return this.time.timers.set(this, task, ms, true);
  }

  clearInterval(timer: TimerHandle | undefined): void {
    this.time.timers.clear(timer);
  }

  setImmediate(task: () => void): void {
    if (!this.ended) this.time.tasks.push(this, task);
  }

  /** A test that has ended must not keep its runner waiting. */
  keepAlive(): () => void {
    return () => undefined;
  }

  end(): void {
    this.ended = true;
    this.time.timers.forget(this);
    this.time.tasks.forget(this);
  }
}
