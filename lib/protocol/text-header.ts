import type { HeaderEntry } from './message-headers.js';

/** What comes in more values than this, as the numbers of a long stream, does not come again often enough. */
const MAX_VALUES = 64;
/** Longer values are not kept. */
const MAX_BYTES = 256;

/**
 * A header whose values come again and again: each is encoded once, and its entry shared by the records that have it.
 * Brokers copy what they are given.
 */
export class TextHeader {
  private readonly entries = new Map<string | number, HeaderEntry>();

  constructor(private readonly name: string) {}

  of(value: string | number): HeaderEntry {
    return this.entries.get(value) ?? this.encode(value);
  }

  private encode(value: string | number): HeaderEntry {
    const entry = textHeader(this.name, String(value));
    if (this.entries.size < MAX_VALUES && entry[1].length <= MAX_BYTES) this.entries.set(value, entry);
    return entry;
  }
}

/** A header with a value of its own. */
export function textHeader(name: string, value: string): HeaderEntry {
  return [name, Buffer.from(value, 'utf8')];
}
