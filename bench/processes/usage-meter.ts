import type { Usage } from './commands.js';

const LOOK_EVERY_MS = 20;

/** Meters this process. */
export class UsageMeter {
  private cpu = process.cpuUsage();
  private rss = 0;
  private heap = 0;
  private timer?: NodeJS.Timeout;

  begin({ watchMemory }: { readonly watchMemory: boolean }): void {
    clearInterval(this.timer);
    this.rss = 0;
    this.heap = 0;
    if (watchMemory) {
      this.look();
      this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    }
    this.cpu = process.cpuUsage();
  }

  end(): Usage {
    const { user, system } = process.cpuUsage(this.cpu);
    clearInterval(this.timer);
    return { cpuMicros: user + system, rss: this.rss, heap: this.heap };
  }

  private look(): void {
    const { rss, heapUsed } = process.memoryUsage();
    this.rss = Math.max(this.rss, rss);
    this.heap = Math.max(this.heap, heapUsed);
  }
}
