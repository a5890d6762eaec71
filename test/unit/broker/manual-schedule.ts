import type { Schedule } from '../../../lib/broker/memory/schedule.js';

/** Runs the memory broker's tasks when a test says so, in an order the test chooses. */
export class ManualSchedule {
  private readonly tasks: (() => void)[] = [];

  readonly schedule: Schedule = (task) => {
    this.tasks.push(task);
  };

  /** Runs up to `steps` tasks, and what follows from each; `pick` chooses among those that wait. */
  async run(pick: (count: number) => number = () => 0, steps = Infinity): Promise<void> {
    for (let step = 0; step < steps && this.tasks.length > 0; step++) {
      const [task] = this.tasks.splice(pick(this.tasks.length), 1);
      task();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
