const INTERVAL_MS = 500;

/** How late timers are: for so long the event loop was, or is, blocked. */
export class EventLoopLag {
  private timer: NodeJS.Timeout | undefined;
  private dueAt = 0;
  private lastMs = 0;

  /** `uptime` is a time that never goes back, in milliseconds. */
  constructor(private readonly uptime: () => number = () => performance.now()) {}

  start(): void {
    this.dueAt = this.uptime() + INTERVAL_MS;
    // Whoever only measures keeps no process alive.
    this.timer = setInterval(() => this.tick(), INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** In milliseconds: what was measured last, or what the next one comes to at least; 0 while it is not measured. */
  get ms(): number {
    return this.timer ? Math.max(this.lastMs, this.uptime() - this.dueAt, 0) : 0;
  }

  private tick(): void {
    const now = this.uptime();
    this.lastMs = now - this.dueAt;
    this.dueAt = now + INTERVAL_MS;
  }
}
