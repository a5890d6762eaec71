import 'reflect-metadata';
import { Observable } from 'rxjs';
import { currentCall } from '../context/current-call.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * The method, with async iterables and iterators turned into Observables. Nest's interceptors and filters look into
 * Observables only: without this they would see the iterable as one value and miss its errors.
 */
export function observeIterables(method: Method): Method {
  const observing: Method = function (this: unknown, ...args) {
    const result = method.apply(this, args);
    if (result instanceof Promise) return result.then(observeIfIterable);
    return observeIfIterable(result);
  };
  // Nest finds parameter types by the method's name, and guards, pipes and so on by its metadata.
  Object.defineProperty(observing, 'name', { value: method.name, configurable: true });
  for (const key of Reflect.getOwnMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, method), observing);
  }
  return observing;
}

function observeIfIterable(result: unknown): unknown {
  if (result instanceof Observable) return result;
  if (isAsyncIterable(result)) return observe(result);
  return isIterator(result) ? observe(asynchronously(result)) : result;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/**
 * A generator that runs, or another iterator, as `map.values()` is: it has no value of its own that could be sent. What
 * can be iterated again and again, as an array or a Set, is a value.
 */
function isIterator(value: unknown): value is IterableIterator<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.iterator in value && 'next' in value && typeof value.next === 'function';
}

async function* asynchronously(iterator: IterableIterator<unknown>): AsyncIterable<unknown> {
  yield* iterator;
}

/** Asks for the next value only when the responses before it have left room; see {@link CurrentCall}. */
function observe(iterable: AsyncIterable<unknown>): Observable<unknown> {
  return new Observable((subscriber) => {
    const iterator = iterable[Symbol.asyncIterator]();
    const call = currentCall();
    let exhausted = false;
    const next = async () => {
      try {
        const result = await iterator.next();
        exhausted = result.done === true;
        return result;
      } catch (error) {
        exhausted = true;
        throw error;
      }
    };
    const pump = async () => {
      while (!subscriber.closed) {
        const { done, value } = await next();
        if (done) return subscriber.complete();
        subscriber.next(value);
        const room = call?.ready();
        if (room) await room;
      }
    };
    pump().catch((error: unknown) => subscriber.error(error));
    return () => {
      // A generator that is waiting inside runs its `finally` blocks once it comes to its next `yield`.
      if (!exhausted) release(iterator).catch(() => undefined);
    };
  });
}

async function release(iterator: AsyncIterator<unknown>): Promise<void> {
  await iterator.return?.();
}
