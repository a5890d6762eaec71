import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after the time, or at once when `cut` or the signal aborts. It aborts `cut` at its end. */
export async function pause(ms: number, cut: AbortController, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  signal.addEventListener('abort', () => cut.abort(), { once: true, signal: cut.signal });
  await sleep(ms, undefined, { signal: cut.signal }).catch(() => undefined);
  // A signal that lives long must not keep what listens to it.
  cut.abort();
}
