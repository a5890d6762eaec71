import type { ProcessEnvironment } from './test-time.js';

/** One instance of an application, as the broker and the clock see it. */
export class SimulatedProcess {
  private readonly whenEnded = new Set<() => void>();
  private ended = false;

  constructor(readonly environment: ProcessEnvironment) {}

  get hasEnded(): boolean {
    return this.ended;
  }

  /** Calls back once, when it is killed; the returned function ends that. */
  onEnd(listener: () => void): () => void {
    this.whenEnded.add(listener);
    return () => this.whenEnded.delete(listener);
  }

  /**
   * Has the process do something that others wait for, if it lives. Resolves when that is done or, as nobody waits for
   * the dead, when the process has ended. Rejects as the work does.
   */
  async whileAlive(work: () => void | Promise<void>): Promise<void> {
    if (this.ended) return;
    let forget = () => undefined as unknown;
    const ended = new Promise<void>((resolve) => (forget = this.onEnd(resolve)));
    try {
      await Promise.race([work(), ended]);
    } finally {
      forget();
    }
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
