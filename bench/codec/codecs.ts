import { readRecordBatches } from '../../lib/broker/kafkajs/wire/record-batch-reader.js';
import { writeRecordBatch } from '../../lib/broker/kafkajs/wire/record-batch-writer.js';
import type { ProducerRecord, RecordHeader } from '../../lib/broker/record.js';
import { decodeByKafkajs, encodeByKafkajs, type KafkajsRecord } from '../../test/support/kafkajs-codec.js';

/** What a batch is made of. */
export interface BatchShape {
  readonly records: number;
  readonly headers: number;
  readonly valueBytes: number;
}

/** Somebody's encoder and decoder, with the records of one shape ready for both. */
export interface Codec {
  encode(): Buffer | Promise<Buffer>;
  /** Resolves with how many records there were. */
  decode(batch: Buffer): Promise<number>;
}

export type CodecName = 'ours' | 'kafkajs';

const TIMESTAMP = 1_700_000_000_000;
const PLACE = { topic: 't', partition: 0 };
/** As long as the headers of a call are. */
const HEADERS: readonly RecordHeader[] = Array.from({ length: 10 }, (_, index) => [
  `ac-header-${index}`,
  Buffer.alloc(index * 2 + 1, 'x'),
]);

/** Both take the same records, as their callers have them: headers are a list for one and an object for the other. */
export function codecsFor(shape: BatchShape): Readonly<Record<CodecName, Codec>> {
  return { ours: ours(shape), kafkajs: kafkajs(shape) };
}

function ours({ records, headers, valueBytes }: BatchShape): Codec {
  const all = Array.from({ length: records }, (_, index): ProducerRecord => ({
    ...PLACE,
    key: keyOf(index),
    value: Buffer.alloc(valueBytes, 'v'),
    headers: HEADERS.slice(0, headers),
    timestamp: TIMESTAMP + index,
  }));
  return {
    encode: () => writeRecordBatch(all, TIMESTAMP),
    decode: async (batch) => (await readRecordBatches(PLACE, batch, 0n)).records.length,
  };
}

function kafkajs({ records, headers, valueBytes }: BatchShape): Codec {
  const all = Array.from({ length: records }, (_, index): KafkajsRecord => ({
    offsetDelta: index,
    timestampDelta: index,
    key: keyOf(index),
    value: Buffer.alloc(valueBytes, 'v'),
    headers: Object.fromEntries(HEADERS.slice(0, headers)),
  }));
  const frame = {
    compression: 0,
    firstOffset: 0n,
    firstTimestamp: TIMESTAMP,
    maxTimestamp: TIMESTAMP + records - 1,
    partitionLeaderEpoch: -1,
    lastOffsetDelta: records - 1,
    transactional: false,
    producerId: -1n,
    producerEpoch: -1,
    firstSequence: -1,
  };
  return {
    encode: () => encodeByKafkajs(frame, all),
    decode: async (batch) => (await decodeByKafkajs(batch)).records.length,
  };
}

function keyOf(index: number): Buffer {
  return Buffer.from(`key-${index % 10}`);
}
