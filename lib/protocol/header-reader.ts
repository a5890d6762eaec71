import { headerOf, isText, type WireRecord } from './wire-record.js';

/** Every number of so many digits is exact. */
const MAX_DIGITS = 15;
const ZERO = 0x30;
const NONE: readonly string[] = [];

/** Reads the protocol's own headers. The first of a repeated name counts. */
export class HeaderReader {
  constructor(private readonly record: WireRecord) {}

  bytes(name: string): Buffer | undefined {
    return headerOf(this.record, name);
  }

  /** Any text; one of the `likely`, which are ASCII, costs less. */
  text(name: string, likely = NONE): string | undefined {
    const bytes = this.bytes(name);
    if (bytes === undefined) return undefined;
    for (const word of likely) if (isText(bytes, word)) return word;
    return bytes.toString('utf8');
  }

  /** A whole number from 0 on in decimal text; `undefined` if absent, `NaN` if it is anything else. */
  count(name: string): number | undefined {
    const bytes = this.bytes(name);
    return bytes && parseCount(bytes, MAX_DIGITS);
  }
}

/** The whole number that stands there in at most so many digits; `NaN` for anything else. */
export function parseCount(bytes: Buffer, maxDigits: number): number {
  if (bytes.length === 0 || bytes.length > maxDigits) return Number.NaN;
  let count = 0;
  for (const byte of bytes) {
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    count = count * 10 + digit;
  }
  return count;
}
