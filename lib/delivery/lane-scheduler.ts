import { Fifo } from '../collections/fifo.js';

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
  private readonly waiting = new Fifo<Work>();

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
    const next = this.waiting.take();
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
  private readonly lanes = new Map<string, Fifo<Work>>();
  private readonly ready = new Fifo<Work>();
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
      this.lanes.set(lane, new Fifo());
    }
    this.makeReady(work);
    this.fill();
  }

  private run(work: Work, task: Task): Promise<void> {
    const end = () => this.end(work);
    return task((meanwhile) => this.pause(work, meanwhile)).then(end, (bug: unknown) => {
      end();
      throw bug;
    });
  }

  private end(work: Work): void {
    this.release(work);
    if (work.lane !== null) this.advance(work.lane);
    this.fill();
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
    while (this.active < this.concurrency) {
      const work = this.ready.take();
      if (!work) return;
      this.active += 1;
      work.start();
    }
  }

  /** What has waited for its gate comes before the lane's next task, which queues up behind the other lanes. */
  private release({ gate }: Work): void {
    this.active -= 1;
    const admitted = gate?.leave();
    if (admitted) this.ready.push(admitted);
  }

  private advance(lane: string): void {
    const next = this.lanes.get(lane)?.take();
    if (next) this.makeReady(next);
    else this.lanes.delete(lane);
  }
}
