import type { ProcessEnvironment } from './test-time.js';

/** One instance of an application, as the broker and the clock see it. */
export class SimulatedProcess {
  private readonly whenEnded: (() => void)[] = [];
  private ended = false;

  constructor(readonly environment: ProcessEnvironment) {}

  get hasEnded(): boolean {
    return this.ended;
  }

  /** Calls back once, when it is killed. */
  onEnd(listener: () => void): void {
    this.whenEnded.push(listener);
  }

  /** From now on nothing of it reaches the broker, and nothing of the broker reaches it. */
  kill(): void {
    this.ended = true;
    this.environment.end();
    for (const listener of this.whenEnded) listener();
  }
}

/** What a process that is gone waits for. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}
