import { ABANDONED, type Delivery, type Failed, type Handle, SETTLED } from '../delivery.js';
import { type KeepDeadLetter, needsLetter } from './dead-lettered.js';

/** Tells the caller. Resolves with whether the broker has stored the answer; when nobody waits, at once. */
export type AnswerError = (delivery: Delivery, failed: Failed) => Promise<boolean>;

/**
 * A failure ends with its caller told, and then the record is done. A record whose caller cannot
 * be told, though it was to be the only one to hear, is kept.
 */
export function answered<D extends Delivery>(
  answer: AnswerError,
  keep: KeepDeadLetter,
  next: Handle<D>,
): Handle<D> {
  return async (delivery) => {
    const outcome = await next(delivery);
    if (outcome.kind !== 'failed') return outcome;
    const told = await answer(delivery, outcome);
    if (!told && !needsLetter(outcome)) await keep(delivery, outcome);
    return delivery.owner.signal.aborted ? ABANDONED : SETTLED.failed;
  };
}
