import type { Step } from '../concluded.js';
import { ABANDONED, type RequestDelivery, SETTLED } from '../delivery.js';

/** Takes no notice of how a request has ended that its caller has given up, nor of whether it was run at all. */
export const withdrawn: Step<RequestDelivery> = (outcome, { withdrawal, owner }) => {
  if (!withdrawal.aborted) return outcome;
  return owner.gone.aborted ? ABANDONED : SETTLED.cancelled;
};
