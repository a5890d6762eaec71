import { AsyncResource } from 'node:async_hooks';
import type { TimerHandle } from '../environment/environment.js';

/** Whose timers these are. */
export interface TimerOwner {
  /** Then none of its timers goes off any more. */
  readonly hasEnded: boolean;
}

/** Timers that go off when they are told to. */
export class VirtualTimers {
  private readonly timers = new Set<VirtualTimer>();
  private count = 0;

  /** `elapsed` is the time that they go by. */
  constructor(private readonly elapsed: () => number) {}

  set(owner: TimerOwner, task: () => void, ms: number, repeats: boolean): TimerHandle {
    const timer = new VirtualTimer(owner, this, task, ms, repeats);
    this.start(timer);
    return timer;
  }

  /** Starts a timer anew. */
  start(timer: VirtualTimer): void {
    if (timer.owner.hasEnded) return;
    timer.due = this.elapsed() + timer.ms;
    timer.order = ++this.count;
    this.timers.add(timer);
  }

  clear(timer: TimerHandle | undefined): void {
    // What these timers were set by.
    if (timer) this.timers.delete(timer as VirtualTimer);
  }

  /** Drops the timers of an owner. */
  forget(owner: TimerOwner): void {
    for (const timer of this.timers) if (timer.owner === owner) this.timers.delete(timer);
  }

  /** The next that is due by then; of several, the one that was set first. */
  nextUntil(end: number): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.timers) if (timer.due <= end && (!next || timer.isBefore(next))) next = timer;
    return next;
  }
}

class VirtualTimer implements TimerHandle {
  due = 0;
  order = 0;
  readonly ms: number;
  private readonly context = new AsyncResource('AsyncCallsTimer', { requireManualDestroy: true });

  constructor(
    readonly owner: TimerOwner,
    private readonly timers: VirtualTimers,
    private readonly task: () => void,
    ms: number,
    private readonly repeats: boolean,
  ) {
    // As the process's own timers do.
    this.ms = ms >= 1 ? ms : 1;
  }

  isBefore({ due, order }: VirtualTimer): boolean {
    return this.due < due || (this.due === due && this.order < order);
  }

  refresh(): this {
    this.timers.start(this);
    return this;
  }

  fire(): void {
    if (this.repeats) this.timers.start(this);
    else this.timers.clear(this);
    this.context.runInAsyncScope(this.task);
  }
}
