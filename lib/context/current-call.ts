import { AsyncLocalStorage } from 'node:async_hooks';

/** What code that runs inside a handler may know of the call it works for. */
export interface CurrentCall {
  /** When the caller stops waiting, in milliseconds since the epoch; `Infinity` if it does not. */
  readonly deadline: number;
  /** Resolves when another response may be written without exceeding the window; `undefined` if it may be now. */
  ready(): Promise<void> | undefined;
}

const storage = new AsyncLocalStorage<CurrentCall>();

/** Runs a handler so that {@link currentCall} finds its call, also after `await`. */
export function runInCall<T>(call: CurrentCall, run: () => T): T {
  return storage.run(call, run);
}

/** The call that the running code works for; `undefined` outside of one. */
export function currentCall(): CurrentCall | undefined {
  return storage.getStore();
}
