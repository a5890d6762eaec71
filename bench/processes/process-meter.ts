import { readFile } from 'node:fs/promises';

// Of /proc: USER_HZ is 100 wherever Node runs.
const MICROS_PER_TICK = 10_000;

/** Meters the CPU of another process of this machine, to 10 ms; of none where there is no `/proc`. */
export class ProcessMeter {
  private before?: number;

  constructor(private readonly pid: number | undefined) {}

  async begin(): Promise<void> {
    this.before = await this.cpuMicros();
  }

  /** Microseconds since `begin`. */
  async end(): Promise<number | undefined> {
    const now = await this.cpuMicros();
    return now === undefined || this.before === undefined ? undefined : now - this.before;
  }

  /** Of all its threads, those that have ended included. */
  private async cpuMicros(): Promise<number | undefined> {
    if (this.pid === undefined) return undefined;
    const stat = await readFile(`/proc/${this.pid}/stat`, 'utf8').catch(() => undefined);
    if (stat === undefined) return undefined;
    // The name of the process stands in brackets and may itself have brackets and blanks.
    const [utime, stime] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return (utime + stime) * MICROS_PER_TICK;
  }
}
