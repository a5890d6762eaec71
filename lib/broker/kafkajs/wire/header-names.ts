import { ByteWriter, varintSize } from './byte-writer.js';

/*
 * The same few names stand on every record of a topic: each is turned from text to bytes, and back, once. A stranger may
 * send others without end, so the tables have a size, and long names no place in them.
 */
/** A power of two. */
const MAX_NAMES = 256;
const MAX_LENGTH = 64;

const encoded = new Map<string, Uint8Array>();

/** The name as it stands in a record: its UTF-8 bytes behind their length. */
export function encodedName(name: string): Uint8Array {
  return encoded.get(name) ?? encode(name);
}

function encode(name: string): Uint8Array {
  const utf8 = Buffer.from(name);
  const bytes = new ByteWriter(varintSize(utf8.length) + utf8.length).varbytes(utf8).bytes();
  if (utf8.length > MAX_LENGTH) return bytes;
  if (encoded.size === MAX_NAMES) encoded.clear();
  encoded.set(name, bytes);
  return bytes;
}

/** By a hash of their bytes; of names with the same hash the last one stays. */
const decoded: string[] = Array.from({ length: MAX_NAMES }, () => '');

/** The name that these UTF-8 bytes are. */
export function decodedName(source: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > MAX_LENGTH) return source.toString('utf8', start, end);
  let hash = length;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + source[at]) | 0;
  const slot = (hash ^ (hash >>> 8)) & (MAX_NAMES - 1);
  const known = decoded[slot];
  if (known.length === length && isAscii(known, source, start)) return known;
  return (decoded[slot] = source.toString('utf8', start, end));
}

/** Whether the bytes from there on are the text, byte by character: other text than ASCII never is. */
function isAscii(text: string, source: Buffer, start: number): boolean {
  for (let at = 0; at < text.length; at++) {
    const byte = source[start + at];
    if (byte > 0x7f || text.charCodeAt(at) !== byte) return false;
  }
  return true;
}
