import type { DuplicateStore, RequestClaim } from '../duplicate-store.js';
import { type Handle, type RequestDelivery, SETTLED } from '../delivery.js';

/** What the stage works with. */
export interface UniqueOptions {
  readonly store: DuplicateStore;
  readonly onDuplicate: (delivery: RequestDelivery) => void;
  /** The store does not work. The request is run all the same. */
  readonly onStoreError: (delivery: RequestDelivery, error: unknown) => void;
}

/**
 * Runs a request once that was sent more than once. A duplicate is done at once: the record that is being run is
 * not, and is run again by whoever owns its partition, if it is not brought to its end here.
 */
export function unique(options: UniqueOptions, next: Handle<RequestDelivery>): Handle<RequestDelivery> {
  return async (delivery) => {
    const requestId = identityOf(delivery);
    if (requestId === undefined) return next(delivery);
    const attempt = async <T>(action: () => T | Promise<T>): Promise<T | undefined> => {
      try {
        return await action();
      } catch (error) {
        options.onStoreError(delivery, error);
        return undefined;
      }
    };
    const claim = await attempt(() => claimOrDuplicate(options.store, requestId));
    if (claim === 'duplicate') {
      options.onDuplicate(delivery);
      return SETTLED.duplicate;
    }
    const outcome = await next(delivery);
    await attempt(() => (outcome.kind === 'abandoned' ? claim?.release() : claim?.done()));
    return outcome;
  };
}

async function claimOrDuplicate(
  store: DuplicateStore,
  requestId: string,
): Promise<RequestClaim | 'duplicate'> {
  return (await store.claim(requestId)) ?? 'duplicate';
}

/** Foreign callers may count their ids from 1: they are told apart by where they want their responses. */
function identityOf({ request: { correlationId, replyTo } }: RequestDelivery): string | undefined {
  if (correlationId.length === 0) return undefined;
  const id = correlationId.toString('latin1');
  return replyTo ? `${replyTo.topic} ${id}` : id;
}
