import { deadlineOf, type Handle, type RequestDelivery, SETTLED } from '../delivery.js';

/** Hears of a request that is not run. */
export type OnExpired = (delivery: RequestDelivery) => void;

/** Does not run what nobody waits for any more. Its caller has got a `timeout` by its own clock. */
export function expired<D extends RequestDelivery>(onExpired: OnExpired, next: Handle<D>): Handle<D> {
  return (delivery) => {
    if (Date.now() < deadlineOf(delivery)) return next(delivery);
    onExpired(delivery);
    return Promise.resolve(SETTLED.expired);
  };
}
