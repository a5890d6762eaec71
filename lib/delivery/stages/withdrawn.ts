import { ABANDONED, type Handle, type RequestDelivery, SETTLED } from '../delivery.js';

/** Does not run what its caller has given up, and takes no notice of how it ends if it was running. */
export function withdrawn(next: Handle<RequestDelivery>): Handle<RequestDelivery> {
  return async (delivery) => {
    const { withdrawal, owner } = delivery;
    if (!withdrawal.isGiven) {
      const outcome = await next(delivery);
      if (!withdrawal.isGiven) return outcome;
    }
    return owner.signal.aborted ? ABANDONED : SETTLED.cancelled;
  };
}
