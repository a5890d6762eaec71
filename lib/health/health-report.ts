import { messageOf } from '../errors/async-call-error.js';
import type { HealthCheck, HealthCheckResult } from './health-check.js';

/** What a probe is answered: the form of Terminus. */
export interface HealthReport {
  readonly status: 'ok' | 'error';
  /** What works. */
  readonly info: HealthCheckResult;
  /** What does not. */
  readonly error: HealthCheckResult;
  /** Both. */
  readonly details: HealthCheckResult;
}

/** Makes all checks, side by side. One that throws counts as `down`, and keeps no other from being heard. */
export async function reportOf(checks: readonly HealthCheck[]): Promise<HealthReport> {
  const results = await Promise.all(checks.map((check, index) => outcomeOf(check, `check ${index}`)));
  // Who says nothing, against the type, has found nothing wrong.
  const entries = results.flatMap((result) => Object.entries(result ?? {}));
  const error = Object.fromEntries(entries.filter(([, each]) => isDown(each)));
  // Of several with one name, one that works hides none that does not.
  const info = Object.fromEntries(
    entries.filter(([name, each]) => !isDown(each) && !Object.hasOwn(error, name)),
  );
  const details = { ...info, ...error };
  return { status: Object.keys(error).length > 0 ? 'error' : 'ok', info, error, details };
}

async function outcomeOf(check: HealthCheck, name: string): Promise<HealthCheckResult> {
  try {
    return await check();
  } catch (error) {
    return causesOf(error) ?? { [check.name || name]: { status: 'down', message: messageOf(error) } };
  }
}

/** Older indicators of Terminus throw their result, as the `causes` of an error. */
function causesOf(error: unknown): HealthCheckResult | undefined {
  if (!(error instanceof Error) || !('causes' in error)) return undefined;
  const { causes } = error;
  // Errors of other kinds have causes, too.
  return Object.values(causes ?? {}).some(isDown) ? (causes as HealthCheckResult) : undefined;
}

function isDown(found: { readonly status?: unknown } | null | undefined): boolean {
  return found?.status === 'down';
}
