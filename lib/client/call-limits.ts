import { currentCall } from '../context/current-call.js';
import type { Environment } from '../environment/environment.js';
import { type CallOptions, MAX_TIMEOUT_MS } from './call-options.js';

/** How long a call may take; `Infinity` for no limit. */
export interface CallLimits {
  /** For the whole stream. Not positive if the time was over before the call began. */
  readonly timeoutMs: number;
  /** Whether that is not the call's own timeout but what is left to the handler that makes it. */
  readonly isInherited: boolean;
  /** Between two responses, and before the first. */
  readonly idleTimeoutMs: number;
}

/** The limits of calls that do not say themselves. */
export type DefaultLimits = Pick<CallLimits, 'timeoutMs' | 'idleTimeoutMs'>;

/** The limits of a one-way call: it is to be run however late, so it inherits none. */
export function oneWayLimits(options: CallOptions, defaults: DefaultLimits): CallLimits {
  const timeoutMs = options.timeoutMs ?? defaults.timeoutMs;
  return { timeoutMs, isInherited: false, idleTimeoutMs: Number.POSITIVE_INFINITY };
}

/** The limits of a request that is made now, by the code that runs now. */
export function requestLimits(
  options: CallOptions,
  defaults: DefaultLimits,
  environment: Pick<Environment, 'now'>,
): CallLimits {
  const ownMs = options.timeoutMs ?? defaults.timeoutMs;
  const inherits = options.inheritDeadline !== false;
  const leftMs = inherits ? leftToHandlerMs(environment) : Number.POSITIVE_INFINITY;
  const isInherited = leftMs < ownMs;
  return {
    timeoutMs: isInherited ? leftMs : ownMs,
    isInherited,
    idleTimeoutMs: options.idleTimeoutMs ?? defaults.idleTimeoutMs,
  };
}

function leftToHandlerMs(environment: Pick<Environment, 'now'>): number {
  const call = currentCall();
  if (!call) return Number.POSITIVE_INFINITY;
  const leftMs = call.deadline - environment.now();
  // No timer can take more, and nobody waits for it.
  return leftMs > MAX_TIMEOUT_MS ? Number.POSITIVE_INFINITY : leftMs;
}
