import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 100;
/** Short, for a service is to be back within a second of its broker. */
const LONGEST_MS = 500;

/** The pauses between attempts: from 100 ms to 500 ms, doubling, with jitter so that clients do not march in step. */
export class Backoff {
  private attempts = 0;

  /** How many pauses there were since the last success. */
  get failures(): number {
    return this.attempts;
  }

  /** Waits before the next attempt; returns at once when the signal is or gets aborted. */
  async pause(signal: AbortSignal): Promise<void> {
    const ms = backoffMs(this.attempts);
    this.attempts += 1;
    await pause(ms, signal);
  }

  /** The next failure is a first one again. */
  succeeded(): void {
    this.attempts = 0;
  }
}

/** How long to wait after so many failures before this one. */
export function backoffMs(failures: number, longestMs = LONGEST_MS): number {
  return Math.min(longestMs, FIRST_MS * 2 ** Math.min(failures, 10)) * (0.75 + Math.random() / 4);
}

/** Waits; returns early, without an error, when the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** Waits until this time of `performance.now()`, never less: after a busy turn, a timer alone fires too early. */
export async function pauseUntil(time: number, signal: AbortSignal): Promise<void> {
  for (let ms = time - performance.now(); ms > 0 && !signal.aborted; ms = time - performance.now())
    await pause(Math.ceil(ms), signal);
}
