import { gunzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import type { ConsumerRecord, RecordHeader, TopicPartition } from '../../record.js';
import { ByteReader } from './byte-reader.js';

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
const GZIP = 1;

/** The frame of a batch; `body` holds what follows the checksum. */
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
 * those of aborted transactions; a batch that was cut off at the end comes with the next fetch.
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
  while (reader.left >= BATCH_OVERHEAD) {
    const batch = await readBatch(reader);
    if (batch === undefined) break;
    if (batch.lastOffset < from) continue;
    nextOffset = batch.lastOffset + 1n;
    if (!isAborted(batch)) readRecords(place, batch, from, records);
  }
  return { records, nextOffset };
}

async function readBatch(reader: ByteReader): Promise<Batch | undefined> {
  const baseOffset = reader.int64();
  const size = reader.int32();
  if (reader.left < size) return undefined;
  const body = new ByteReader(reader.raw(size));
  body.int32();
  const magic = body.int8();
  if (magic !== 2) throw new Error(`record batches of message format ${magic} are not supported`);
  body.uint32();
  const attributes = body.int16();
  const lastOffset = baseOffset + BigInt(body.int32());
  const baseTimestamp = Number(body.int64());
  const maxTimestamp = Number(body.int64());
  const producerId = body.int64();
  body.raw(6);
  const count = body.int32();
  const plain = await decompress(attributes & COMPRESSION_MASK, body);
  return { baseOffset, attributes, lastOffset, baseTimestamp, maxTimestamp, producerId, count, body: plain };
}

/** gzip is built in; other codecs are those the user registered with kafkajs's `CompressionCodecs`. */
async function decompress(codec: number, body: ByteReader): Promise<ByteReader> {
  if (codec === 0) return body;
  const compressed = body.raw(body.left);
  if (codec === GZIP) return new ByteReader(gunzipSync(compressed));
  const codecs = kafkajs.CompressionCodecs as Record<number, CompressionCodec | undefined>;
  const registered = codecs[codec];
  if (registered === undefined) throw new Error(`records are compressed with unknown codec ${codec}`);
  return new ByteReader(await registered().decompress(compressed));
}

type CompressionCodec = () => { decompress(bytes: Buffer): Promise<Buffer> };

function readRecords(place: TopicPartition, batch: Batch, from: bigint, into: ConsumerRecord[]): void {
  if (batch.attributes & CONTROL_FLAG) return;
  const { topic, partition } = place;
  for (let left = batch.count; left > 0; left--) {
    const { body } = batch;
    body.varint();
    body.int8();
    const timestamp = readTimestamp(batch);
    const offset = batch.baseOffset + BigInt(body.varint());
    const key = body.varbytes();
    const value = body.varbytes();
    const headers = readHeaders(body);
    if (offset >= from) into.push({ topic, partition, offset, key, value, headers, timestamp });
  }
}

function readTimestamp({ attributes, baseTimestamp, maxTimestamp, body }: Batch): number {
  const delta = body.varlong();
  return attributes & LOG_APPEND_TIME_FLAG ? maxTimestamp : baseTimestamp + delta;
}

const EMPTY = Buffer.alloc(0);

function readHeaders(body: ByteReader): RecordHeader[] {
  const headers: RecordHeader[] = [];
  for (let left = body.varint(); left > 0; left--)
    headers.push([(body.varbytes() ?? EMPTY).toString(), body.varbytes() ?? EMPTY]);
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
