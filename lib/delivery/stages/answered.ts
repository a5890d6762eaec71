import { ABANDONED, type Delivery, type Failed, type Handle, SETTLED } from '../delivery.js';

/** Tells the caller. Resolves when the broker has stored the answer, or when the partition has gone. */
export type AnswerError = (delivery: Delivery, failed: Failed) => Promise<void>;

/** The outermost stage: a failure ends with its caller told, and then the record is done. */
export function answered(answer: AnswerError, next: Handle<Delivery>): Handle<Delivery> {
  return async (delivery) => {
    const outcome = await next(delivery);
    if (outcome.kind !== 'failed') return outcome;
    await answer(delivery, outcome);
    return delivery.owner.signal.aborted ? ABANDONED : SETTLED.failed;
  };
}
