/** Gives the place of a task to others while it does something that takes none, and waits for one again after it. */
export type Intermission = <T>(meanwhile: () => Promise<T>) => Promise<T>;

/** A piece of work. It deals with its own errors: a rejection is a bug and ends the process as one. */
export type Task = (intermission: Intermission) => Promise<void>;

/** Something that waits for a place. */
interface Work {
  readonly lane: string | null;
  readonly gate: Gate | undefined;
  start(): void;
}

/** Lets only so many tasks of one kind run at once. */
export class Gate {
  private inside = 0;
  private readonly waiting: Work[] = [];

  constructor(private readonly limit: number) {}

  /** Whether the work may be run; if not it is kept, and comes back from {@link leave}. */
  enter(work: Work): boolean {
    if (this.inside === this.limit) {
      this.waiting.push(work);
      return false;
    }
    this.inside += 1;
    return true;
  }

  /** One has ended. Returns the one that may be run in its place. */
  leave(): Work | undefined {
    const next = this.waiting.shift();
    if (!next) this.inside -= 1;
    return next;
  }
}

/**
 * Runs tasks side by side up to a limit. Tasks of one lane run one after the other, in the order they came; tasks
 * without a lane run as soon as there is room. Tasks with a gate wait for room in it without taking any from the
 * others. All wait for room in the order in which they became ready, so none starves.
 */
export class LaneScheduler {
  /** What is behind the first of each lane that is running or ready. */
  private readonly lanes = new Map<string, Work[]>();
  private ready: Work[] = [];
  private head = 0;
  private active = 0;

  constructor(private readonly concurrency: number) {}

  /** Takes a task over; `lane` is `null` for a task that need not wait for any other. */
  submit(lane: string | null, task: Task, gate?: Gate): void {
    const work: Work = { lane, gate, start: () => void this.run(work, task) };
    if (lane !== null) {
      const behind = this.lanes.get(lane);
      if (behind) {
        behind.push(work);
        return;
      }
      this.lanes.set(lane, []);
    }
    this.makeReady(work);
    this.fill();
  }

  private async run(work: Work, task: Task): Promise<void> {
    try {
      await task((meanwhile) => this.pause(work, meanwhile));
    } finally {
      this.release(work);
      if (work.lane !== null) this.advance(work.lane);
      this.fill();
    }
  }

  /** The lane stays the task's: nothing of it overtakes. */
  private async pause<T>(work: Work, meanwhile: () => Promise<T>): Promise<T> {
    this.release(work);
    this.fill();
    try {
      return await meanwhile();
    } finally {
      await new Promise<void>((start) => {
        this.makeReady({ ...work, start });
        this.fill();
      });
    }
  }

  private makeReady(work: Work): void {
    if (!work.gate || work.gate.enter(work)) this.ready.push(work);
  }

  private fill(): void {
    while (this.active < this.concurrency && this.head < this.ready.length) {
      const work = this.ready[this.head];
      this.head += 1;
      this.active += 1;
      work.start();
    }
    if (this.head > 1024 || (this.head > 0 && this.head === this.ready.length)) {
      this.ready = this.ready.slice(this.head);
      this.head = 0;
    }
  }

  /** What has waited for its gate comes before the lane's next task, which queues up behind the other lanes. */
  private release({ gate }: Work): void {
    this.active -= 1;
    const admitted = gate?.leave();
    if (admitted) this.ready.push(admitted);
  }

  private advance(lane: string): void {
    const next = this.lanes.get(lane)?.shift();
    if (next) this.makeReady(next);
    else this.lanes.delete(lane);
  }
}
