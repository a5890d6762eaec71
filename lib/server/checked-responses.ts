import { Observable, takeWhile } from 'rxjs';
import { currentCall, runInCall } from '../context/current-call.js';
import { OrderedChecks } from '../protocol/ordered-checks.js';

/**
 * What the check returns for the responses of the source, in their order. An iterable is not asked for its next
 * value while one waits for an asynchronous check; an Observable that emits far more than is checked fails.
 */
export function checkedResponses(
  source: Observable<unknown>,
  check: (value: unknown) => unknown,
): Observable<unknown> {
  return new Observable((subscriber) => {
    const checks = new OrderedChecks(check, (error) => subscriber.error(error));
    subscriber.add(() => checks.stop());
    // A source that emits all at once has to end by itself: it cannot be unsubscribed from yet.
    const wanted = source.pipe(takeWhile(() => !checks.isClosed));
    return heldUpBy(checks, () =>
      wanted.subscribe({
        next: (value) => checks.pass(value, (checked) => subscriber.next(checked)),
        error: (error) => checks.end(() => subscriber.error(error)),
        complete: () => checks.end(() => subscriber.complete()),
      }),
    );
  });
}

/** Runs the source so that its iterables wait for the checks as well as for the broker; see {@link CurrentCall}. */
function heldUpBy<T>(checks: OrderedChecks, run: () => T): T {
  const call = currentCall();
  if (!call) return run();
  const ready = () => checks.idle()?.then(() => call.ready()) ?? call.ready();
  return runInCall({ deadline: call.deadline, ready }, run);
}
