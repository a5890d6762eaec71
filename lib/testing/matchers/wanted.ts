import { textOf } from '../text-of.js';
import { differenceLines } from './differences.js';
import type { Judge } from './matcher.js';

/** Properties that something has to have, and what is wanted of each. */
export type Wanted<Name extends string> = readonly (readonly [name: Name, value: unknown])[];

/** Whether it has them all. */
export function hasAll<Name extends string>(
  subject: { readonly [name in Name]?: unknown },
  wanted: Wanted<Name>,
  { equals }: Judge,
): boolean {
  return wanted.every(([name, value]) => equals(subject[name], value));
}

/** What it lacks, a line for each place. */
export function lackLines<Name extends string>(
  subject: { readonly [name in Name]?: unknown },
  wanted: Wanted<Name>,
  judge: Judge,
): string[] {
  return wanted.flatMap(([name, value]) => differenceLines(name, subject[name], value, judge));
}

/** `with code "conflict", statusCode 409`, after a space; nothing if nothing is wanted. */
export function withWanted(wanted: Wanted<string>, { expected }: Judge): string {
  if (wanted.length === 0) return '';
  return ` with ${wanted.map(([name, value]) => `${name} ${expected(textOf(value))}`).join(', ')}`;
}
