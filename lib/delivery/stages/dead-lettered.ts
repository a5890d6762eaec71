import type { Step } from '../concluded.js';
import type { Delivery, Failed } from '../delivery.js';
import { isRetriable } from '../retry-policy.js';

/** Keeps a failed record for people. Resolves when it is stored, or when the partition has gone. */
export type KeepDeadLetter = (delivery: Delivery, failed: Failed) => Promise<void>;

/**
 * Puts a record aside that has failed for good, unless its caller hears why and nothing was to be gained by trying
 * again: then it is the caller's.
 */
export function deadLettered(keep: KeepDeadLetter): Step<Delivery> {
  return (outcome, delivery) =>
    outcome.kind === 'failed' && needsLetter(outcome) ? keep(delivery, outcome).then(() => outcome) : outcome;
}

/** Whether a failure is not its caller's business alone. */
export function needsLetter({ answerTo, error }: Failed): boolean {
  return !answerTo || isRetriable(error);
}
