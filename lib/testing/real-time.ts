import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { systemEnvironment } from '../environment/system-environment.js';
import type { ProcessEnvironment, TestTime } from './test-time.js';

/** Time as it passes, for a test on a real broker: to advance is to wait. */
export class RealTime implements TestTime {
  private readonly startedAt = performance.now();

  get elapsed(): number {
    return performance.now() - this.startedAt;
  }

  /** The timers of a process that is gone go off; what they lead to finds no broker. */
  createProcess(): ProcessEnvironment {
    return { ...systemEnvironment, end: () => undefined };
  }

  advance(ms: number): Promise<void> {
    return sleep(ms);
  }

  async rest(): Promise<void> {
    await turn();
  }
}
