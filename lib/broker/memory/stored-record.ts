import type { Environment } from '../../environment/environment.js';
import type { ConsumerRecord, ProducerRecord } from '../record.js';

/** What Kafka's record batch and its one record add to the bytes of a small record, roughly. */
const OVERHEAD_BYTES = 70;
const HEADER_OVERHEAD_BYTES = 2;

/** What the objects around the bytes take on the heap: measured on Node 20. Small records are mostly that. */
const HEAP_BYTES_PER_RECORD = 400;
const HEAP_BYTES_PER_HEADER = 170;

/** The record as it goes into the log: a copy, so that nothing the sender does to its buffers changes it. */
export function storedRecord(
  record: ProducerRecord,
  offset: bigint,
  environment: Environment,
): ConsumerRecord {
  const { topic, partition, key, value, headers, timestamp = environment.now() } = record;
  return {
    topic,
    partition,
    offset,
    key: key && Buffer.from(key),
    value: value && Buffer.from(value),
    headers: headers.map(([name, bytes]) => [name, Buffer.from(bytes)]),
    timestamp,
  };
}

/** The record's size as Kafka counts it against `message.max.bytes`, roughly. */
export function recordBytes({ key, value, headers }: ProducerRecord): number {
  let bytes = OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, header] of headers) {
    bytes += HEADER_OVERHEAD_BYTES + Buffer.byteLength(name) + header.length;
  }
  return bytes;
}

/** What a record of this size takes in memory, roughly. */
export function heapBytes(bytes: number, { headers }: Pick<ProducerRecord, 'headers'>): number {
  return bytes + HEAP_BYTES_PER_RECORD + headers.length * HEAP_BYTES_PER_HEADER;
}
