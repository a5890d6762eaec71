import type { Step } from '../concluded.js';
import type { Delivery, Failed } from '../delivery.js';
import { isRetriable } from '../retry-policy.js';

/** Keeps a failed record for people. Resolves when it is stored, or when the partition has gone. */
export type KeepDeadLetter = (delivery: Delivery, failed: Failed) => Promise<void>;

/** Whether a record that has failed for good is to be kept. */
export type NeedsLetter = (failed: Failed) => boolean;

/** Puts a record aside that has failed for good, where that is needed. */
export function deadLettered(keep: KeepDeadLetter, needs: NeedsLetter): Step<Delivery> {
  return (outcome, delivery) =>
    outcome.kind === 'failed' && needs(outcome) ? keep(delivery, outcome).then(() => outcome) : outcome;
}

/** A request's caller hears why, and if nothing was to be gained by trying again it is the caller's. */
export const unlessTheCallers: NeedsLetter = ({ answerTo, error }) => !answerTo || isRetriable(error);

/** A fact is everybody's, whoever hears why. */
export const always: NeedsLetter = () => true;
