import type { DuplicateStore, RequestClaim } from '../duplicate-store.js';
import { type Handle, type Outcome, type RequestDelivery, SETTLED } from '../delivery.js';

/** What the stage works with. */
export interface UniqueOptions {
  readonly store: DuplicateStore;
  readonly onDuplicate: (delivery: RequestDelivery) => void;
  /** The store does not work. The request is run all the same. */
  readonly onStoreError: (delivery: RequestDelivery, error: unknown) => void;
}

/** For how long a store is waited for. */
const STORE_LIMIT_MS = 5_000;

/**
 * Runs a request once that was sent more than once. Stands outside of all that tells people or the caller of a failure:
 * a request has ended only when that is stored. A duplicate is done at once; the record that is being run is not, and is
 * run again by whoever owns its partition if it is not brought to its end here.
 */
export function unique(options: UniqueOptions, next: Handle<RequestDelivery>): Handle<RequestDelivery> {
  return async (delivery) => {
    const requestId = identityOf(delivery);
    if (requestId === undefined) return next(delivery);
    const claim = await heeding(options, delivery, () =>
      claimOrDuplicate(options.store, requestId, delivery),
    );
    if (claim === 'duplicate') {
      options.onDuplicate(delivery);
      return SETTLED.duplicate;
    }
    let outcome: Outcome | undefined;
    try {
      outcome = await next(delivery);
      return outcome;
    } finally {
      const isDone = outcome?.kind === 'settled';
      await heeding(options, delivery, () => (isDone ? claim?.done() : claim?.release()));
    }
  };
}

function claimOrDuplicate(
  store: DuplicateStore,
  requestId: string,
  { record: { topic, partition, offset } }: RequestDelivery,
): RequestClaim | 'duplicate' | Promise<RequestClaim | 'duplicate'> {
  const claim = store.claim(requestId, `${topic}[${partition}]@${offset}`);
  if (isThenable(claim)) return claim.then((each) => each ?? 'duplicate');
  return claim ?? 'duplicate';
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** What the store says; `undefined`, and somebody is told, if it fails or keeps silent. */
async function heeding<T>(
  { onStoreError }: UniqueOptions,
  delivery: RequestDelivery,
  action: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    const answer = action();
    // A store in memory answers at once: it need not cost each request a timer.
    return isThenable(answer) ? await inTime(answer) : answer;
  } catch (error) {
    onStoreError(delivery, error);
    return undefined;
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`The store of duplicates did not answer within ${STORE_LIMIT_MS} ms`));
    }, STORE_LIMIT_MS);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** Foreign callers may count their ids from 1: they are told apart by where they want their responses. */
function identityOf({ request: { correlationId, replyTo } }: RequestDelivery): string | undefined {
  if (correlationId.length === 0) return undefined;
  const id = correlationId.toString('latin1');
  return replyTo ? `${replyTo.topic} ${id}` : id;
}
