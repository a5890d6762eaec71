import { inspect } from 'node:util';
import type { Environment } from '../environment/environment.js';
import type { AsyncCallError } from '../errors/async-call-error.js';
import type { ErrorCode } from '../errors/error-code.js';
import { RetryableError, TerminalError } from '../errors/handler-errors.js';

/** How often, and at what intervals, a failed request is tried again. */
export interface RetryPolicy {
  /** How often a request is tried in all; 1 for no retry. */
  readonly attempts: number;
  /** The pause before the second attempt, in milliseconds. Half of each pause is left to chance. */
  readonly initialDelayMs: number;
  /** By how much each pause is longer than the one before. */
  readonly multiplier: number;
  /** The longest pause, in milliseconds. */
  readonly maxDelayMs: number;
}

/** Failures of these codes come again with the same request, though their status says 5xx. */
const DETERMINISTIC: ReadonlySet<ErrorCode> = new Set([
  'unknown-endpoint',
  'invalid-argument',
  'payload-too-large',
  'protocol-error',
]);

/** Whether another attempt may end better. */
export function isRetriable(error: AsyncCallError): boolean {
  if (error instanceof RetryableError) return true;
  if (error instanceof TerminalError || DETERMINISTIC.has(error.code)) return false;
  return error.statusCode >= 500;
}

/** The pause before the next attempt, in milliseconds; `undefined` if there is to be none. */
export function retryDelay(
  error: AsyncCallError,
  attempts: number,
  policy: RetryPolicy,
  environment: Pick<Environment, 'random'>,
): number | undefined {
  if (attempts >= policy.attempts || !isRetriable(error)) return undefined;
  const { initialDelayMs, multiplier, maxDelayMs } = policy;
  const longest = Math.min(maxDelayMs, initialDelayMs * multiplier ** (attempts - 1));
  const asked = error instanceof RetryableError ? (error.retryAfterMs ?? 0) || 0 : 0;
  return Math.max(asked, longest * (0.5 + environment.random() / 2));
}

/** What is wrong with the parts of a policy, each as `where.what: why`. */
export function retryFaults(where: string, policy: Partial<RetryPolicy> | undefined): string[] {
  if (policy === undefined) return [];
  if (typeof policy !== 'object' || policy === null) return [`${where}: ${inspect(policy)} is not an object`];
  return Object.entries(policy).flatMap(([name, value]) => {
    if (!Object.hasOwn(LEAST, name)) return [`${where}: there is no option "${name}"`];
    const least = LEAST[name as keyof RetryPolicy];
    const whole = name !== 'multiplier';
    if (typeof value === 'number' && value >= least && value < 2 ** 31 && (!whole || Number.isInteger(value)))
      return [];
    return [`${where}.${name}: ${inspect(value)} is not a ${whole ? 'whole ' : ''}number from ${least} on`];
  });
}

const LEAST: RetryPolicy = { attempts: 1, initialDelayMs: 0, multiplier: 1, maxDelayMs: 0 };
