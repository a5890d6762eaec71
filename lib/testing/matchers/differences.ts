import { isAsymmetric, isPlainObject, textOf } from '../text-of.js';
import type { Judge } from './matcher.js';

/** The many that may differ in a value; more tell less. */
const MAX_DIFFERENCES = 10;

interface Difference {
  /** Where it is: `value.items[0].name`. */
  readonly path: string;
  readonly actual: unknown;
  readonly expected: unknown;
}

/** In what a value is not the expected one, a line for each place. None if it is. */
export function differenceLines(path: string, actual: unknown, expected: unknown, judge: Judge): string[] {
  const all = differences({ path, actual, expected }, judge);
  const lines = all.slice(0, MAX_DIFFERENCES).map((each) => lineOf(each, judge));
  const rest = all.length - lines.length;
  return rest > 0 ? [...lines, `… and ${rest} more`] : lines;
}

function differences(whole: Difference, judge: Judge): Difference[] {
  const { actual, expected } = whole;
  if (judge.equals(actual, expected)) return [];
  const inside = partsOf(whole).flatMap((part) => differences(part, judge));
  // What differs as a whole and in no part, say in its class, is told as a whole.
  return inside.length > 0 ? inside : [whole];
}

function partsOf({ path, actual, expected }: Difference): Difference[] {
  if (isAsymmetric(expected)) return [];
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return Array.from({ length: Math.max(actual.length, expected.length) }, (_, index) => ({
      path: `${path}[${index}]`,
      actual: actual[index] as unknown,
      expected: expected[index] as unknown,
    }));
  }
  if (!isPlainObject(actual) || !isPlainObject(expected)) return [];
  return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].map((name) => ({
    path: path === '' ? name : `${path}.${name}`,
    actual: actual[name],
    expected: expected[name],
  }));
}

function lineOf({ path, actual, expected }: Difference, judge: Judge): string {
  const place = path === '' ? '' : `${path}: `;
  return `${place}expected ${judge.expected(textOf(expected))}, got ${judge.received(textOf(actual))}`;
}
