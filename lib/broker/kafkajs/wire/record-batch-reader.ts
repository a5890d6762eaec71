import { messageOf } from '../../../errors/async-call-error.js';
import type { ConsumerRecord, RecordHeader, TopicPartition } from '../../record.js';
import { ByteReader } from './byte-reader.js';
import { crc32c } from './crc32c.js';
import { decompress } from './decompress.js';
import { UndecodableBatch } from './undecodable-batch.js';

/** A transaction that was rolled back: its records, from this offset to its end marker, do not exist. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** What a fetch brought of one partition. */
export interface FetchedRecords {
  readonly records: ConsumerRecord[];
  /** Where the next fetch starts: after everything that was looked at, also where there is no record. */
  readonly nextOffset: bigint;
}

const BATCH_OVERHEAD = 12;
const COMPRESSION_MASK = 0x07;
const LOG_APPEND_TIME_FLAG = 0x08;
const TRANSACTIONAL_FLAG = 0x10;
const CONTROL_FLAG = 0x20;
/** What is left of the header of a batch after its length. */
const HEADER_REST = 49;

/** The frame of a batch; `body` holds its records, compressed or not. */
interface Batch {
  readonly baseOffset: bigint;
  readonly attributes: number;
  readonly lastOffset: bigint;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: bigint;
  readonly count: number;
  readonly body: ByteReader;
}

/**
 * Decodes consecutive record batches (magic 2). Leaves out records before `from`, control records and
 * those of aborted transactions; a batch that was cut off at the end comes with the next fetch. What
 * cannot be read ends it: what was read before is returned, and if there is nothing, it rejects with an
 * {@link UndecodableBatch}. Nothing is ever skipped for being unreadable.
 *
 * kafkajs's own decoder is not used: it makes headers an object, which loses their order, and forgets
 * the offsets of batches whose records compaction removed, so that a consumer cannot get past them.
 */
export async function readRecordBatches(
  place: TopicPartition,
  bytes: Buffer,
  from: bigint,
  aborted: readonly AbortedTransaction[] = [],
): Promise<FetchedRecords> {
  const reader = new ByteReader(bytes);
  const isAborted = abortedFilter(aborted);
  const records: ConsumerRecord[] = [];
  let nextOffset = from;
  try {
    while (reader.left >= BATCH_OVERHEAD) {
      const batch = readBatch(reader);
      if (batch === undefined) break;
      if (batch.lastOffset < from) continue;
      if (!isAborted(batch) && !(batch.attributes & CONTROL_FLAG)) {
        const codec = batch.attributes & COMPRESSION_MASK;
        const body = codec === 0 ? batch.body : await decompressed(codec, batch.body);
        for (const record of readRecords(place, batch, body, from)) records.push(record);
      }
      nextOffset = batch.lastOffset + 1n;
    }
    // Brokers send nothing, or at least one whole batch that ends at this offset or after it.
    if (nextOffset === from && bytes.length > 0) throw new RangeError('it is cut off or misplaced');
  } catch (error) {
    if (nextOffset > from) return { records, nextOffset };
    throw error instanceof UndecodableBatch ? error : damaged(error);
  }
  return { records, nextOffset };
}

function readBatch(reader: ByteReader): Batch | undefined {
  const frame = reader.fork();
  const baseOffset = frame.int64();
  const size = frame.int32();
  if (size < HEADER_REST) throw new RangeError(`its length is ${size}`);
  if (frame.left < size) return undefined;
  reader.raw(BATCH_OVERHEAD);
  const content = reader.raw(size);
  const body = new ByteReader(content);
  body.int32();
  const magic = body.int8();
  if (magic !== 2)
    throw new UndecodableBatch(
      `it has message format ${magic}, which is not supported: only what Kafka 0.11 or newer wrote can be read; ` +
        `let the topic's retention delete it, or move the group past it`,
    );
  const checksum = body.uint32();
  if (crc32c(content.subarray(content.length - body.left)) !== checksum)
    throw new RangeError('its checksum is wrong');
  const attributes = body.int16();
  const lastOffset = baseOffset + BigInt(body.int32());
  const baseTimestamp = Number(body.int64());
  const maxTimestamp = Number(body.int64());
  const producerId = body.int64();
  body.raw(6);
  const count = body.int32();
  return { baseOffset, attributes, lastOffset, baseTimestamp, maxTimestamp, producerId, count, body };
}

function damaged(error: unknown): UndecodableBatch {
  return new UndecodableBatch(
    `it is damaged (${messageOf(error)}): it is fetched again, for it may have happened on its way; ` +
      `if this lasts, check the disks of the partition's leader, restore it from a replica, or move the group past it`,
    { cause: error },
  );
}

async function decompressed(codec: number, body: ByteReader): Promise<ByteReader> {
  return new ByteReader(await decompress(codec, body.raw(body.left)));
}

/** All of a batch or, if one of its records cannot be read, none. */
function readRecords(
  { topic, partition }: TopicPartition,
  batch: Batch,
  body: ByteReader,
  from: bigint,
): ConsumerRecord[] {
  const records: ConsumerRecord[] = [];
  for (let left = batch.count; left > 0; left--) {
    body.varint();
    body.int8();
    const timestamp = readTimestamp(batch, body);
    const offset = batch.baseOffset + BigInt(body.varint());
    const key = body.varbytes();
    const value = body.varbytes();
    const headers = readHeaders(body);
    if (offset >= from) records.push({ topic, partition, offset, key, value, headers, timestamp });
  }
  return records;
}

function readTimestamp({ attributes, baseTimestamp, maxTimestamp }: Batch, body: ByteReader): number {
  const delta = body.varlong();
  return attributes & LOG_APPEND_TIME_FLAG ? maxTimestamp : baseTimestamp + delta;
}

const EMPTY = Buffer.alloc(0);

function readHeaders(body: ByteReader): RecordHeader[] {
  const headers: RecordHeader[] = [];
  for (let left = body.varint(); left > 0; left--)
    headers.push([body.headerName(), body.varbytes() ?? EMPTY]);
  return headers;
}

/** Follows the batches in order; true for those that belong to a rolled back transaction. */
function abortedFilter(aborted: readonly AbortedTransaction[]): (batch: Batch) => boolean {
  const upcoming = [...aborted].sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const open = new Set<bigint>();
  return ({ lastOffset, producerId, attributes }) => {
    while (upcoming.length > 0 && upcoming[0].firstOffset <= lastOffset)
      open.add(upcoming.shift()!.producerId);
    // A producer's transactions do not overlap: its next marker ends the one that is open.
    if (attributes & CONTROL_FLAG) open.delete(producerId);
    return (attributes & TRANSACTIONAL_FLAG) !== 0 && open.has(producerId);
  };
}
