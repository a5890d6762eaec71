import type { LoadResult } from './load.js';

/** So many callers, each of which calls again when its call is over, while there is `more`. */
export async function callers(
  count: number,
  more: () => boolean,
  call: () => Promise<void>,
): Promise<LoadResult> {
  const startedAt = Date.now();
  const start = performance.now();
  const latencies: number[] = [];
  const caller = async () => {
    while (more()) {
      const calledAt = performance.now();
      await call();
      latencies.push(performance.now() - calledAt);
    }
  };
  await Promise.all(Array.from({ length: count }, caller));
  const ms = performance.now() - start;
  return { answers: latencies.length, startedAt, ms, ...percentiles(latencies) };
}

/** True for so many seconds from now. */
export function forSeconds(seconds: number): () => boolean {
  const end = performance.now() + 1_000 * seconds;
  return () => performance.now() < end;
}

/** True so many times. */
export function times(count: number): () => boolean {
  let left = count;
  return () => left-- > 0;
}

function percentiles(values: number[]): Pick<LoadResult, 'p50' | 'p95' | 'p99'> {
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
