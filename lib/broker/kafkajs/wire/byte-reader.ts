import { decodedName } from './header-names.js';

/** Reads Kafka's primitive types, one after the other. Slices share the memory of the source. */
export class ByteReader {
  private at = 0;

  constructor(private readonly source: Buffer) {}

  /** Bytes that were not read yet. */
  get left(): number {
    return this.source.length - this.at;
  }

  /** Another reader, of what is left. */
  fork(): ByteReader {
    return new ByteReader(this.source.subarray(this.at));
  }

  int8(): number {
    return this.source.readInt8(this.skip(1));
  }

  int16(): number {
    return this.source.readInt16BE(this.skip(2));
  }

  int32(): number {
    return this.source.readInt32BE(this.skip(4));
  }

  uint32(): number {
    return this.source.readUInt32BE(this.skip(4));
  }

  int64(): bigint {
    return this.source.readBigInt64BE(this.skip(8));
  }

  /** A string with its length as an int16 before it; null as an empty one. */
  string(): string {
    return this.raw(Math.max(this.int16(), 0)).toString();
  }

  raw(size: number): Buffer {
    const start = this.skip(size);
    return this.source.subarray(start, start + size);
  }

  /** A signed 32-bit integer in zigzag encoding. */
  varint(): number {
    const first = this.source[this.at];
    if (first > 0x7f || first === undefined) return this.longVarint();
    this.at += 1;
    return (first >>> 1) ^ -(first & 1);
  }

  private longVarint(): number {
    let value = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = this.source.readUInt8(this.at++);
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte > 0x7f);
    return (value >>> 1) ^ -(value & 1);
  }

  /** A 64-bit integer in zigzag encoding, as a number: exact for safe integers. */
  varlong(): number {
    const start = this.at;
    while (this.source.readUInt8(this.at++) > 0x7f);
    const size = this.at - start;
    this.at = start;
    if (size <= 4) return this.varint();
    let value = 0n;
    for (let shift = 0n; shift < BigInt(size) * 7n; shift += 7n)
      value |= BigInt(this.source.readUInt8(this.at++) & 0x7f) << shift;
    return Number((value >> 1n) ^ -(value & 1n));
  }

  /** Bytes or null, their length as a varint before them. */
  varbytes(): Buffer | null {
    const size = this.varint();
    return size < 0 ? null : this.raw(size);
  }

  /** The name of a header, its length as a varint before it; null as an empty one. */
  headerName(): string {
    const start = this.skip(Math.max(this.varint(), 0));
    return decodedName(this.source, start, this.at);
  }

  /** As many elements as an int32 says; none for null. */
  array<T>(element: () => T): T[] {
    const elements: T[] = [];
    for (let left = this.int32(); left > 0; left--) elements.push(element());
    return elements;
  }

  private skip(size: number): number {
    const start = this.at;
    if (start + size > this.source.length) throw new RangeError('the broker’s answer ends too early');
    this.at += size;
    return start;
  }
}
