import type { Step } from '../concluded.js';
import type { Delivery } from '../delivery.js';
import type { MutableCounts } from '../delivery-counts.js';

/** Counts how records end. */
export function counted(counts: MutableCounts): Step<Delivery> {
  return (outcome) => {
    if (outcome.kind === 'settled') counts[outcome.as] += 1;
    else counts.abandoned += 1;
    return outcome;
  };
}
