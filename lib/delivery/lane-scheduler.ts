/** A piece of work. It deals with its own errors: a rejection is a bug and ends the process as one. */
export type Task = () => Promise<void>;

/**
 * Runs tasks side by side up to a limit. Tasks of one lane run one after the other, in the order they
 * came; tasks without a lane run as soon as there is room. Lanes wait for room in the order in which they became
 * ready, so none starves.
 */
export class LaneScheduler {
  /** The tasks behind the first of each lane that is running or ready. */
  private readonly lanes = new Map<string, Task[]>();
  private ready: (() => Promise<void>)[] = [];
  private head = 0;
  private active = 0;

  constructor(private readonly concurrency: number) {}

  /** How many tasks are running. */
  get running(): number {
    return this.active;
  }

  /** Takes a task over; `lane` is `null` for a task that need not wait for any other. */
  submit(lane: string | null, task: Task): void {
    if (lane === null) {
      this.ready.push(task);
    } else {
      const behind = this.lanes.get(lane);
      if (behind) {
        behind.push(task);
        return;
      }
      this.lanes.set(lane, []);
      this.ready.push(() => this.runLane(lane, task));
    }
    this.fill();
  }

  private fill(): void {
    while (this.active < this.concurrency && this.head < this.ready.length) {
      const task = this.ready[this.head];
      this.head += 1;
      this.active += 1;
      void task().finally(() => this.finished());
    }
    if (this.head > 1024 || (this.head > 0 && this.head === this.ready.length)) {
      this.ready = this.ready.slice(this.head);
      this.head = 0;
    }
  }

  private finished(): void {
    this.active -= 1;
    this.fill();
  }

  /** One task of a lane; the next one queues up behind the other lanes. */
  private async runLane(lane: string, task: Task): Promise<void> {
    try {
      await task();
    } finally {
      const next = this.lanes.get(lane)!.shift();
      if (next) this.ready.push(() => this.runLane(lane, next));
      else this.lanes.delete(lane);
    }
  }
}
