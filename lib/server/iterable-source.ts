import 'reflect-metadata';
import { Observable } from 'rxjs';
import { currentCall } from '../context/current-call.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * The method, with async iterables turned into Observables. Nest's interceptors and filters look into
 * Observables only: without this they would see the iterable as one value and miss its errors.
 */
export function observeAsyncIterables(method: Method): Method {
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
  return isAsyncIterable(result) && !(result instanceof Observable) ? observe(result) : result;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
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
        await call?.ready();
      }
    };
    pump().catch((error: unknown) => subscriber.error(error));
    return () => {
      // A generator that is waiting inside runs its `finally` blocks once it comes to its next `yield`.
      if (!exhausted) iterator.return?.().catch(() => undefined);
    };
  });
}
