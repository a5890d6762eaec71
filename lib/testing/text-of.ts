import { inspect } from 'node:util';

/** Matches a value instead of being equal to it: `expect.stringContaining(…)`, `expect.any(Number)` and their kin. */
export interface AsymmetricMatcher {
  asymmetricMatch(actual: unknown): boolean;
}

/** What test runners let their asymmetric matchers tell of themselves. */
interface SelfDescribing extends AsymmetricMatcher {
  readonly sample?: unknown;
  /** With what it looks for, `Any<Number>`; only some have it. */
  toAsymmetricMatcher?(): string;
  /** Its name. */
  toString(): string;
}

/** A value in one line, as JSON where that can say it. */
export function textOf(value: unknown): string {
  try {
    return written(value);
  } catch {
    // It contains itself.
    return inspect(value, { breakLength: Infinity });
  }
}

/** Whether it is an asymmetric matcher of the test runner. */
export function isAsymmetric(value: unknown): value is AsymmetricMatcher {
  return typeof value === 'object' && value !== null && 'asymmetricMatch' in value;
}

/** Whether it is an object without a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function written(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Buffer.isBuffer(value)) return `${value.length} bytes`;
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  if (isAsymmetric(value)) return describe(value);
  if (!isPlainObject(value)) return inspect(value, { breakLength: Infinity });
  const properties = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}:${written(each)}`);
  return `{${properties.join(',')}}`;
}

function describe(matcher: SelfDescribing): string {
  return matcher.toAsymmetricMatcher?.() ?? `${matcher.toString()}(${written(matcher.sample)})`;
}
