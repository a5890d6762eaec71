import { type Handle, type RequestDelivery, SETTLED } from '../delivery.js';
import { after, type DuplicateListener, heeding } from './unique.js';

/** What the stage works with. */
export interface NotEndedOptions extends DuplicateListener {
  /** The identity of the message behind which this one is of no use; `undefined` if there is none. */
  readonly endOf: (delivery: RequestDelivery) => string | undefined;
}

/** Does not run what belongs before a message that has been run to its end: it is a duplicate, of another make. */
export function notEnded(options: NotEndedOptions, next: Handle<RequestDelivery>): Handle<RequestDelivery> {
  const { store, endOf, onDuplicate } = options;
  return (delivery) => {
    const end = endOf(delivery);
    if (end === undefined) return next(delivery);
    const told = heeding(options, delivery, () => store.hasEnded?.(end) ?? false);
    const outcome = after(told, (hasEnded) => {
      if (!hasEnded) return next(delivery);
      onDuplicate(delivery);
      return Promise.resolve(SETTLED.duplicate);
    });
    return Promise.resolve(outcome);
  };
}
