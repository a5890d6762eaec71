import type { Environment, TimerHandle } from '../environment/environment.js';

/**
 * Waits for the promise, but not longer than this. Returns whether it has settled; what comes of it later is nobody's
 * concern any more. Rejects as the promise does.
 */
export async function within(
  environment: Environment,
  ms: number,
  promise: Promise<unknown>,
): Promise<boolean> {
  let timer: TimerHandle | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = environment.setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([promise.then(() => true), timeout]);
  } finally {
    environment.clearTimeout(timer);
  }
}
