import type { Delivery, Handle } from '../delivery.js';
import type { MutableCounts } from '../delivery-counts.js';

/** Counts how records end. */
export function counted(counts: MutableCounts, next: Handle<Delivery>): Handle<Delivery> {
  return async (delivery) => {
    const outcome = await next(delivery);
    if (outcome.kind === 'settled') counts[outcome.as] += 1;
    else counts.abandoned += 1;
    return outcome;
  };
}
