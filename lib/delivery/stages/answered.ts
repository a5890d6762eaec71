import type { Step } from '../concluded.js';
import { ABANDONED, type Delivery, type Failed, type Outcome, settledAsFailed } from '../delivery.js';
import type { KeepDeadLetter, NeedsLetter } from './dead-lettered.js';

/** Tells the caller. Resolves with whether the broker has stored the answer; when nobody waits, at once. */
export type AnswerError = (delivery: Delivery, failed: Failed) => Promise<boolean>;

/**
 * A failure ends with its caller told, and then the record is done. A record whose caller cannot
 * be told, though it was to be the only one to hear, is kept.
 */
export function answered(answer: AnswerError, keep: KeepDeadLetter, needs: NeedsLetter): Step<Delivery> {
  const tell = async (delivery: Delivery, failed: Failed): Promise<Outcome> => {
    const told = await answer(delivery, failed);
    if (!told && !needs(failed)) await keep(delivery, failed);
    return delivery.owner.gone.aborted ? ABANDONED : settledAsFailed(failed.error);
  };
  return (outcome, delivery) => (outcome.kind === 'failed' ? tell(delivery, outcome) : outcome);
}
