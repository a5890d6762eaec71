import type { HeaderEntry } from './message-headers.js';

/** What a message becomes on the wire: the parts of a record that the protocol decides. */
export interface WireRecord {
  readonly value: Buffer | null;
  readonly headers: readonly HeaderEntry[];
}

/** Appends a header that is only written where there is something to say. */
export function text(name: string, value: string | number | undefined): HeaderEntry[] {
  return value === undefined ? [] : [[name, Buffer.from(String(value), 'utf8')]];
}

/** The first header of that name; `undefined` if there is none. */
export function headerOf({ headers }: WireRecord, name: string): Buffer | undefined {
  for (const header of headers) if (header[0] === name) return header[1];
  return undefined;
}
