import { DecodeError } from './decode-error.js';
import type { SerializedPayload } from './serializer.js';

/**
 * What a response is in the stream of its request: a value (`next`), a value that is also the end (`last`), the end
 * (`complete`), or a failed end (`error`).
 */
export type FrameKind = 'next' | 'last' | 'complete' | 'error';

/** A response without what it shares with the others of its delivery. */
export interface Frame {
  readonly kind: FrameKind;
  readonly payload: SerializedPayload;
}

/** In the order of their numbers on the wire. */
export const FRAME_KINDS: readonly FrameKind[] = ['next', 'last', 'complete', 'error'];

const KIND = 0b0000_0011;
const HAS_PAYLOAD = 0b0000_0100;
const CONTENT_TYPE = 0b0001_1000;
const SAME_TYPE = 0b0000_1000;
const NAMED_TYPE = 0b0001_0000;
const RESERVED = 0b1110_0000;

const LENGTH_BYTES = 4;

/** What a frame takes at most beside its payload and its content type. */
export const MAX_FRAME_HEAD_BYTES = 1 + 2 * LENGTH_BYTES;

/** A frame as it is laid out: its first byte, and what follows each with its length before it. */
interface LaidOutFrame {
  readonly flags: number;
  readonly parts: readonly Buffer[];
}

/**
 * The bytes of several frames, one behind the other.
 *
 *     list:  frame, frame, … up to the end of the bytes
 *     frame: flags           1 byte: kind (bits 0 and 1), payload or none (2), content type (3 and 4), zeros
 *            content type    bytes, if this frame names one
 *            payload         bytes, if it has one
 *     bytes: length          4 bytes, unsigned, big-endian
 *            …               so many bytes
 */
export function encodeFrameList(frames: readonly Frame[]): Buffer {
  const laidOut = layOut(frames);
  const bytes = Buffer.allocUnsafe(laidOut.reduce((sum, frame) => sum + lengthOf(frame), 0));
  let at = 0;
  for (const { flags, parts } of laidOut) {
    at = bytes.writeUInt8(flags, at);
    for (const part of parts) {
      at = bytes.writeUInt32BE(part.length, at);
      at += part.copy(bytes, at);
    }
  }
  return bytes;
}

function layOut(frames: readonly Frame[]): LaidOutFrame[] {
  let named: string | undefined;
  return frames.map(({ kind, payload }) => {
    const { bytes, contentType } = payload;
    const parts: Buffer[] = [];
    let flags = FRAME_KINDS.indexOf(kind);
    if (contentType !== undefined && contentType === named) flags |= SAME_TYPE;
    else if (contentType !== undefined) {
      flags |= NAMED_TYPE;
      named = contentType;
      parts.push(Buffer.from(contentType, 'utf8'));
    }
    if (bytes) {
      flags |= HAS_PAYLOAD;
      parts.push(bytes);
    }
    return { flags, parts };
  });
}

function lengthOf({ parts }: LaidOutFrame): number {
  return parts.reduce((sum, part) => sum + LENGTH_BYTES + part.length, 1);
}

/** Reads the bytes of {@link encodeFrameList}. Throws only {@link DecodeError}. The payloads share the memory of the bytes. */
export function decodeFrameList(bytes: Buffer): Frame[] {
  const reader = new FrameListReader(bytes);
  const frames: Frame[] = [];
  while (reader.hasMore) frames.push(reader.frame());
  return frames;
}

class FrameListReader {
  private at = 0;
  private named: string | undefined;

  constructor(private readonly bytes: Buffer) {}

  get hasMore(): boolean {
    return this.at < this.bytes.length;
  }

  frame(): Frame {
    const flags = this.bytes[this.at];
    this.at += 1;
    if (flags & RESERVED) throw new DecodeError(`A frame has unknown flags: ${flags}.`);
    const contentType = this.contentType(flags & CONTENT_TYPE);
    const bytes = flags & HAS_PAYLOAD ? this.part() : null;
    return { kind: FRAME_KINDS[flags & KIND], payload: { bytes, contentType } };
  }

  private contentType(flags: number): string | undefined {
    if (flags === 0) return undefined;
    if (flags === NAMED_TYPE) return (this.named = this.part().toString('utf8'));
    if (flags === SAME_TYPE && this.named !== undefined) return this.named;
    throw new DecodeError('A frame has the content type of none before it.');
  }

  private part(): Buffer {
    const start = this.at + LENGTH_BYTES;
    const end = start <= this.bytes.length ? start + this.bytes.readUInt32BE(this.at) : Infinity;
    if (end > this.bytes.length) throw new DecodeError('A frame is longer than its record.');
    this.at = end;
    return this.bytes.subarray(start, end);
  }
}
