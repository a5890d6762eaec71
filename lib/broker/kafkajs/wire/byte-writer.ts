/** Writes Kafka's primitive types, one after the other, into a buffer that grows. */
export class ByteWriter {
  private target: Buffer;
  private end = 0;

  constructor(capacity = 1024) {
    this.target = Buffer.allocUnsafe(capacity);
  }

  /** How many bytes were written. */
  get length(): number {
    return this.end;
  }

  /** What was written; valid until the next write. */
  bytes(): Buffer {
    return this.target.subarray(0, this.end);
  }

  int8(value: number): this {
    this.end = this.room(1).writeInt8(value, this.end);
    return this;
  }

  int16(value: number): this {
    this.end = this.room(2).writeInt16BE(value, this.end);
    return this;
  }

  int32(value: number): this {
    this.end = this.room(4).writeInt32BE(value, this.end);
    return this;
  }

  int64(value: bigint): this {
    this.end = this.room(8).writeBigInt64BE(value, this.end);
    return this;
  }

  /** A string or null, its length as an int16 before it. */
  string(value: string | null): this {
    if (value === null) return this.int16(-1);
    const size = Buffer.byteLength(value);
    this.int16(size);
    this.end += this.room(size).write(value, this.end);
    return this;
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): this {
    this.room(value.length).set(value, this.end);
    this.end += value.length;
    return this;
  }

  /** A signed 32-bit integer in zigzag encoding, 1 to 5 bytes. */
  varint(value: number): this {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    const target = this.room(5);
    while (rest > 0x7f) {
      target[this.end++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    target[this.end++] = rest;
    return this;
  }

  /** A safe integer in zigzag encoding, 1 to 8 bytes. */
  varlong(value: number): this {
    if (value === (value | 0)) return this.varint(value);
    let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
    const target = this.room(10);
    while (rest > 0x7fn) {
      target[this.end++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    target[this.end++] = Number(rest);
    return this;
  }

  /** Bytes or null, their length as a varint before them. */
  varbytes(value: Uint8Array | null): this {
    if (value === null) return this.varint(-1);
    return this.varint(value.length).raw(value);
  }

  /** Overwrites an int32 that was written before, e.g. a length once it is known. */
  patchInt32(at: number, value: number): void {
    this.target.writeInt32BE(value, at);
  }

  /** Overwrites an unsigned int32 that was written before. */
  patchUInt32(at: number, value: number): void {
    this.target.writeUInt32BE(value, at);
  }

  private room(size: number): Buffer {
    if (this.end + size > this.target.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.target.length * 2, this.end + size));
      this.target.copy(larger, 0, 0, this.end);
      this.target = larger;
    }
    return this.target;
  }
}

/** How many bytes {@link ByteWriter.varint} takes. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}

/** How many bytes {@link ByteWriter.varlong} takes. */
export function varlongSize(value: number): number {
  if (value === (value | 0)) return varintSize(value);
  let size = 1;
  for (
    let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
    rest > 0x7fn;
    rest >>= 7n
  )
    size += 1;
  return size;
}
