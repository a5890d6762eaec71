import type { ProducerRecord, RecordHeader } from '../../record.js';
import { ByteWriter, varintSize, varlongSize } from './byte-writer.js';
import { crc32c } from './crc32c.js';
import { encodedName } from './header-names.js';

const BATCH_LENGTH_AT = 8;
const CHECKSUM_AT = 17;
const ATTRIBUTES_AT = 21;

/** By what a broker recognises a batch: who wrote it, and the number of its first record. */
export interface BatchStamp {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly baseSequence: number;
}

/** For a batch that is stored as often as it is sent. */
export const UNSTAMPED: BatchStamp = { producerId: -1n, epoch: -1, baseSequence: -1 };

/**
 * Encodes the records as one record batch (magic 2), uncompressed:
 *
 * ```
 * RecordBatch => BaseOffset:int64 BatchLength:int32 LeaderEpoch:int32 Magic:int8 Crc:uint32
 *                Attributes:int16 LastOffsetDelta:int32 BaseTimestamp:int64 MaxTimestamp:int64
 *                ProducerId:int64 ProducerEpoch:int16 BaseSequence:int32 [Record]:int32-counted
 * ```
 *
 * kafkajs's own encoder is not used: it takes headers as an object, which loses their order.
 */
export function writeRecordBatch(
  records: readonly ProducerRecord[],
  now: number,
  { producerId, epoch, baseSequence }: BatchStamp = UNSTAMPED,
): Buffer {
  const timestamps = records.map(({ timestamp }) => timestamp ?? now);
  const base = timestamps[0] ?? now;
  const latest = timestamps.reduce((a, b) => Math.max(a, b), base);
  const writer = new ByteWriter(estimatedSize(records));
  writer.int64(0n).int32(0).int32(-1).int8(2).int32(0);
  writer.int16(0).int32(records.length - 1);
  writer.int64(BigInt(base)).int64(BigInt(latest));
  writer.int64(producerId).int16(epoch).int32(baseSequence).int32(records.length);
  records.forEach((record, index) => writeRecord(writer, record, index, timestamps[index] - base));
  writer.patchInt32(BATCH_LENGTH_AT, writer.length - BATCH_LENGTH_AT - 4);
  writer.patchUInt32(CHECKSUM_AT, crc32c(writer.bytes().subarray(ATTRIBUTES_AT)));
  return writer.bytes();
}

/** An upper bound of what the record takes in a batch, in bytes. */
export function recordSizeLimit({ key, value, headers }: ProducerRecord): number {
  let size = 40 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, bytes] of headers) size += 10 + name.length * 3 + bytes.length;
  return size;
}

/**
 * ```
 * Record => Length:varint Attributes:int8 TimestampDelta:varlong OffsetDelta:varint
 *           Key:varbytes Value:varbytes [Header]:varint-counted
 * Header => Key:varbytes Value:varbytes
 * ```
 */
function writeRecord(
  writer: ByteWriter,
  record: ProducerRecord,
  index: number,
  timestampDelta: number,
): void {
  const { key, value, headers } = record;
  writer.varint(
    1 +
      varlongSize(timestampDelta) +
      varintSize(index) +
      bytesSize(key) +
      bytesSize(value) +
      headersSize(headers),
  );
  writer.int8(0).varlong(timestampDelta).varint(index).varbytes(key).varbytes(value).varint(headers.length);
  for (const [name, bytes] of headers) writer.raw(encodedName(name)).varbytes(bytes);
}

function headersSize(headers: readonly RecordHeader[]): number {
  let size = varintSize(headers.length);
  for (const [name, bytes] of headers) size += encodedName(name).length + bytesSize(bytes);
  return size;
}

function bytesSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function estimatedSize(records: readonly ProducerRecord[]): number {
  return records.reduce((sum, record) => sum + recordSizeLimit(record), 64);
}
