import { inspect } from 'node:util';

/** What is wrong with an option that counts something; `undefined` if nothing, also where it is not said. */
export function countFault(count: unknown): string | undefined {
  if (count === undefined || (Number.isInteger(count) && (count as number) > 0)) return undefined;
  return `${inspect(count)} is not a whole number from 1 on`;
}

/** The same of a limit, which may also be `Infinity`: none. */
export function limitFault(limit: unknown): string | undefined {
  return limit === Number.POSITIVE_INFINITY ? undefined : countFault(limit);
}
