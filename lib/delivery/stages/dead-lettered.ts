import type { Delivery, Failed, Handle } from '../delivery.js';
import { isRetriable } from '../retry-policy.js';

/** Keeps a failed record for people. Resolves when it is stored, or when the partition has gone. */
export type KeepDeadLetter = (delivery: Delivery, failed: Failed) => Promise<void>;

/**
 * Puts a record aside that has failed for good, unless its caller hears why and nothing was to be gained by trying
 * again: then it is the caller's.
 */
export function deadLettered<D extends Delivery>(keep: KeepDeadLetter, next: Handle<D>): Handle<D> {
  return async (delivery) => {
    const outcome = await next(delivery);
    if (outcome.kind === 'failed' && needsLetter(outcome)) await keep(delivery, outcome);
    return outcome;
  };
}

/** Whether a failure is not its caller's business alone. */
export function needsLetter({ answerTo, error }: Failed): boolean {
  return !answerTo || isRetriable(error);
}
