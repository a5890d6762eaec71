import { AsyncSubject, type Observable } from 'rxjs';
import type { Call, Caller } from './caller.js';

/**
 * Sends at once, whether or not somebody subscribes. The Observable emits `undefined` and completes when the broker has
 * stored it; it fails with an {@link AsyncCallError}, which is logged if nobody listens.
 */
export function sendOneWay(caller: Caller, call: Omit<Call, 'kind'>): Observable<void> {
  const stored = new AsyncSubject<void>();
  const { target, data, options, contract } = call;
  caller.start(
    { kind: 'one-way', target, data, options, contract },
    {
      next: () => undefined,
      error: (error) => {
        if (!stored.observed) caller.listener.onUnobservedError(error);
        stored.error(error);
      },
      complete: () => {
        stored.next();
        stored.complete();
      },
    },
  );
  return stored.asObservable();
}
