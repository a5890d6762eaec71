import { setTimeout as sleep } from 'node:timers/promises';

/** What a timer can take: with more it would go off at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves after the time (24 days at most), or at once when `cut` or the signal aborts. It aborts `cut` at its end. */
export async function pause(ms: number, cut: AbortController, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  signal.addEventListener('abort', () => cut.abort(), { once: true, signal: cut.signal });
  await sleep(Math.min(ms, MAX_TIMER_MS), undefined, { signal: cut.signal }).catch(() => undefined);
  // A signal that lives long must not keep what listens to it.
  cut.abort();
}
