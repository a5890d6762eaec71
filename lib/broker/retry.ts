import type { Environment } from '../environment/environment.js';
import { BrokerError } from './broker-error.js';

const FIRST_DELAY_MS = 100;
/** Short, for a service is to be ready within a second of its broker. */
const MAX_DELAY_MS = 500;

/** When to give up, and whom to tell. */
export interface RetryOptions {
  readonly environment: Environment;
  /** Ends the waiting; the last error is thrown then. */
  readonly signal: AbortSignal;
  /** Called before each further try, with the reason. */
  readonly onUnavailable?: (error: BrokerError) => void;
}

/** Repeats an operation, with growing pauses, while it fails with a retriable {@link BrokerError}. */
export async function retryUntilReachable<T>(operation: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof BrokerError) || !error.retriable || options.signal.aborted) throw error;
      options.onUnavailable?.(error);
      // Half of the pause by chance: instances that lost the broker together must not come back together.
      await pause(delayMs * (0.5 + options.environment.random() / 2), options);
      if (options.signal.aborted) throw error;
    }
  }
}

/** Resolves after the time, or at once when the signal is aborted. */
function pause(ms: number, { environment, signal }: RetryOptions): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      environment.clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = environment.setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
