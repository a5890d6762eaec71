import type { Environment } from '../../environment/environment.js';
import { deadlineOf, type Handle, type RequestDelivery, SETTLED } from '../delivery.js';

/** What the stage works with. */
export interface ExpiredOptions {
  readonly environment: Environment;
  /** Hears of a request that is not run. */
  readonly onExpired: (delivery: RequestDelivery) => void;
}

/** Does not run what nobody waits for any more. Its caller has got a `timeout` by its own clock. */
export function expired<D extends RequestDelivery>(
  { environment, onExpired }: ExpiredOptions,
  next: Handle<D>,
): Handle<D> {
  return (delivery) => {
    if (environment.now() < deadlineOf(delivery)) return next(delivery);
    onExpired(delivery);
    return Promise.resolve(SETTLED.expired);
  };
}
