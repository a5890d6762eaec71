import type { Environment, TimerHandle } from '../environment/environment.js';

const INTERVAL_MS = 500;

/** How late timers are: for so long the event loop was, or is, blocked. */
export class EventLoopLag {
  private timer: TimerHandle | undefined;
  private dueAt = 0;
  private lastMs = 0;

  constructor(
    private readonly environment: Environment,
    /** Told each time how late the timer was. */
    private readonly onLag: (ms: number) => void,
  ) {}

  start(): void {
    this.dueAt = this.environment.uptime() + INTERVAL_MS;
    this.timer = this.environment.setInterval(() => this.tick(), INTERVAL_MS);
  }

  stop(): void {
    this.environment.clearInterval(this.timer);
    this.timer = undefined;
  }

  /** In milliseconds: what was measured last, or what the next one comes to at least; 0 while it is not measured. */
  get ms(): number {
    return this.timer ? Math.max(this.lastMs, this.environment.uptime() - this.dueAt, 0) : 0;
  }

  private tick(): void {
    const now = this.environment.uptime();
    this.lastMs = now - this.dueAt;
    this.dueAt = now + INTERVAL_MS;
    this.onLag(this.lastMs);
  }
}
