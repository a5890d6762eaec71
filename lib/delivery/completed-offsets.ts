const PREFIX = 'ac1:';
/** With base64 and the prefix this stays below the 4096 bytes that a default broker takes as metadata. */
const MAX_BITMAP_BYTES = 3_000;

/** How far behind the committed offset a finished record can be remembered. */
export const MAX_REMEMBERED_SPAN = MAX_BITMAP_BYTES * 8;

/**
 * The records at and behind an offset that are done though the offset is not committed past them, as text for the
 * metadata of its commit: the partition's next owner does not run them again. A bit each, the offset's own first;
 * those too far behind are left out. Empty if there are none.
 */
export function encodeCompleted(offset: bigint, completed: Iterable<bigint>): string {
  const bitmap = Buffer.alloc(MAX_BITMAP_BYTES);
  let length = 0;
  for (const each of completed) {
    const place = Number(each - offset);
    if (place < 0 || place >= MAX_REMEMBERED_SPAN) continue;
    const byte = place >> 3;
    bitmap.writeUInt8(bitmap.readUInt8(byte) | (1 << (place & 7)), byte);
    length = Math.max(length, byte + 1);
  }
  return length === 0 ? '' : PREFIX + bitmap.toString('base64', 0, length);
}

/** The offsets that a commit's metadata says are done. What is not of our making says nothing. */
export function decodeCompleted(offset: bigint, metadata: string): Set<bigint> {
  const completed = new Set<bigint>();
  if (!metadata.startsWith(PREFIX)) return completed;
  const bitmap = Buffer.from(metadata.slice(PREFIX.length), 'base64');
  for (let place = 0; place < bitmap.length * 8; place += 1) {
    if ((bitmap.readUInt8(place >> 3) >> (place & 7)) & 1) completed.add(offset + BigInt(place));
  }
  return completed;
}
