import type { Environment, TimerHandle } from '../../environment/environment.js';
import type { DuplicateStore, RequestClaim } from '../duplicate-store.js';
import { type Handle, type Outcome, placeOf, type RequestDelivery, SETTLED } from '../delivery.js';

/** What stages work with that ask a store of duplicates. */
export interface DuplicateListener {
  readonly environment: Environment;
  readonly store: DuplicateStore;
  readonly onDuplicate: (delivery: RequestDelivery) => void;
  /** The store does not work. The request is run all the same. */
  readonly onStoreError: (delivery: RequestDelivery, error: unknown) => void;
}

/** What the stage works with. */
export interface UniqueOptions extends DuplicateListener {
  /** What is the same for all records of one message; `undefined` for one that cannot be told from others. */
  readonly identityOf: (delivery: RequestDelivery) => string | undefined;
  /** What is done with a duplicate instead of telling of it; absent where nothing is. */
  readonly insteadOfDuplicate?: Handle<RequestDelivery>;
}

/** For how long a store is waited for. */
const STORE_LIMIT_MS = 5_000;

/** What a store answers; `undefined` if it does not. */
type Claimed = RequestClaim | 'duplicate' | undefined;

/**
 * Runs a request once that was sent more than once. Stands outside of all that tells people or the caller of a failure:
 * a request has ended only when that is stored. A duplicate is done at once; the record that is being run is not, and is
 * run again by whoever owns its partition if it is not brought to its end here.
 *
 * A store in memory answers at once, and costs no request a promise or a timer.
 */
export function unique(options: UniqueOptions, next: Handle<RequestDelivery>): Handle<RequestDelivery> {
  const conclude = (delivery: RequestDelivery, claim: RequestClaim, isDone: boolean) =>
    heeding(options, delivery, () => (isDone ? claim.done() : claim.release()));
  const run = (delivery: RequestDelivery, claim: Claimed): Promise<Outcome> => {
    if (claim === undefined) return next(delivery);
    if (claim === 'duplicate') {
      if (options.insteadOfDuplicate) return options.insteadOfDuplicate(delivery);
      options.onDuplicate(delivery);
      return Promise.resolve(SETTLED.duplicate);
    }
    return next(delivery).then(
      (outcome) => after(conclude(delivery, claim, outcome.kind === 'settled'), () => outcome),
      (error: unknown) =>
        after(conclude(delivery, claim, false), () => {
          throw error;
        }),
    );
  };
  return (delivery) => {
    const identity = options.identityOf(delivery);
    if (identity === undefined) return next(delivery);
    const claim = heeding(options, delivery, () => claimOrDuplicate(options.store, identity, delivery));
    return claim instanceof Promise ? claim.then((each) => run(delivery, each)) : run(delivery, claim);
  };
}

function claimOrDuplicate(
  store: DuplicateStore,
  identity: string,
  { record }: RequestDelivery,
): Claimed | Promise<Claimed> {
  const claim = store.claim(identity, placeOf(record));
  return after(claim, (each) => each ?? 'duplicate');
}

/** What the store says; `undefined`, and somebody is told, if it fails or keeps silent. */
export function heeding<T>(
  { environment, onStoreError }: DuplicateListener,
  delivery: RequestDelivery,
  action: () => T | Promise<T>,
): T | undefined | Promise<T | undefined> {
  const failed = (error: unknown) => {
    onStoreError(delivery, error);
    return undefined;
  };
  try {
    const answer = action();
    return isThenable(answer) ? inTime(environment, answer).catch(failed) : answer;
  } catch (error) {
    return failed(error);
  }
}

/** Goes on with a value when it is there: at once, if it is there already. */
export function after<T, R>(value: T | Promise<T>, next: (value: T) => R): R | Promise<R> {
  return isThenable(value) ? value.then(next) : next(value);
}

/** A store of the user's may have promises of another make. */
function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

async function inTime<T>(environment: Environment, answer: Promise<T>): Promise<T> {
  let timer: TimerHandle | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = environment.setTimeout(() => {
      reject(new Error(`The store of duplicates did not answer within ${STORE_LIMIT_MS} ms`));
    }, STORE_LIMIT_MS);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    environment.clearTimeout(timer);
  }
}
