import { AsyncLocalStorage } from 'node:async_hooks';
import type { Environment } from '../../environment/environment.js';

/**
 * Runs a task later, never within the call. All that the memory broker does by itself (handing records
 * over, acknowledging, rebalancing) goes through one of these, so that tests can drive it.
 */
export type Schedule = (task: () => void) => void;

/** What the broker does belongs to nobody's async context, as if it ran in a process of its own. */
const outside = AsyncLocalStorage.snapshot();

/** One turn of the event loop later: timers and I/O get their share however busy the broker is. */
export function inNextTurn(environment: Environment): Schedule {
  // Made once: a task costs no closure.
  const later = (task: () => void) => environment.setImmediate(task);
  return (task) => outside(later, task);
}

/** Resolves when a task scheduled now would run: the time a request to a real broker takes. */
export function turn(schedule: Schedule): Promise<void> {
  return new Promise((resolve) => schedule(resolve));
}
