import type { HeaderEntry } from './message-headers.js';

/** What a message becomes on the wire: the parts of a record that the protocol decides. */
export interface WireRecord {
  readonly value: Buffer | null;
  readonly headers: readonly HeaderEntry[];
}

/** The same with the record's own key. */
export interface KeyedRecord extends WireRecord {
  /** `null` for none. */
  readonly key: Buffer | null;
}

/** The first header of that name; `undefined` if there is none. */
export function headerOf({ headers }: WireRecord, name: string): Buffer | undefined {
  for (const header of headers) if (header[0] === name) return header[1];
  return undefined;
}

/** Whether the bytes are this text, which is ASCII. */
export function isText(bytes: Buffer, text: string): boolean {
  if (bytes.length !== text.length) return false;
  for (let at = 0; at < text.length; at++) if (bytes[at] !== text.charCodeAt(at)) return false;
  return true;
}
