import { inspect } from 'node:util';

/** What is wrong with a time; `undefined` if nothing. */
export function dateFault(date: unknown): string | undefined {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return undefined;
  return `${inspect(date)} is no time: write a Date`;
}

/** What is wrong with a signal; `undefined` if nothing. */
export function signalFault(signal: unknown): string | undefined {
  return signal instanceof AbortSignal ? undefined : `${inspect(signal)} is no AbortSignal`;
}
