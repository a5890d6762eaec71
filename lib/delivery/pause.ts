import type { Environment } from '../environment/environment.js';
import { Cutoff } from './cutoff.js';

/** What a timer can take: with more it would go off at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves after the time (24 days at most), or at once when one of these is aborted. */
export function pause(environment: Environment, ms: number, ...cutoffs: readonly Cutoff[]): Promise<void> {
  return new Promise((resolve) => {
    const cutoff = new Cutoff(...cutoffs);
    const timer = environment.setTimeout(
      () => {
        cutoff.release();
        resolve();
      },
      Math.min(ms, MAX_TIMER_MS),
    );
    cutoff.onAbort(() => {
      environment.clearTimeout(timer);
      resolve();
    });
  });
}
