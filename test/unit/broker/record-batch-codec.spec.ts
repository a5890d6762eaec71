import { deepStrictEqual } from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from '../../../lib/broker/kafkajs/wire/crc32c.js';
import { readRecordBatches } from '../../../lib/broker/kafkajs/wire/record-batch-reader.js';
import { recordSizeLimit, writeRecordBatch } from '../../../lib/broker/kafkajs/wire/record-batch-writer.js';
import type { ConsumerRecord, ProducerRecord, RecordHeader } from '../../../lib/broker/record.js';
import {
  checksumIsRight,
  decodeAllByKafkajs,
  decodeByKafkajs,
  type DecodedMessage,
  encodeByKafkajs,
  type KafkajsHeaders,
} from '../../support/kafkajs-codec.js';
import {
  encodableBatch,
  type EncodableBatch,
  headerList,
  nullableBytes,
  stamp,
  timestamp,
} from './record-batch.arbitraries.js';

const place = { topic: 't', partition: 3 };
const LEADER_EPOCH_AT = 12;
const ATTRIBUTES_AT = 21;
const LOG_APPEND_TIME = 0x08;

const toBuffer = (bytes: string | Buffer | null) => (bytes === null ? null : Buffer.from(bytes));

/** The headers of kafkajs's object, one behind the other. */
function listed(headers: KafkajsHeaders): RecordHeader[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each): RecordHeader => [name, Buffer.from(each as string | Buffer)]),
  );
}

/** The headers as kafkajs's decoder has them: by name, those of one name in their order. */
function byName(headers: readonly RecordHeader[]): Record<string, Buffer | Buffer[]> {
  const groups: Record<string, Buffer[]> = {};
  for (const [name, value] of headers) (groups[name] ??= []).push(value);
  return Object.fromEntries(
    Object.entries(groups).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

/** A batch by kafkajs, as a broker stores it. */
async function encoded({ frame, records, logAppendTime }: EncodableBatch): Promise<Buffer> {
  const batch = await encodeByKafkajs(frame, records);
  if (!logAppendTime) return batch;
  batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | LOG_APPEND_TIME, ATTRIBUTES_AT);
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), 17);
  return batch;
}

/** What is to be read of it. */
function recordsOf({ frame, records, logAppendTime }: EncodableBatch): ConsumerRecord[] {
  return records.map(({ offsetDelta, timestampDelta, key, value, headers }) => ({
    ...place,
    offset: frame.firstOffset + BigInt(offsetDelta),
    key: toBuffer(key),
    value: toBuffer(value),
    headers: listed(headers),
    timestamp: logAppendTime ? frame.maxTimestamp : frame.firstTimestamp + timestampDelta,
  }));
}

const producerRecord: fc.Arbitrary<ProducerRecord> = fc.record({
  topic: fc.constant(place.topic),
  partition: fc.constant(place.partition),
  key: nullableBytes,
  value: nullableBytes,
  headers: headerList,
  timestamp: fc.option(timestamp, { nil: undefined }),
});
const producerRecords = fc.oneof(
  { weight: 30, arbitrary: fc.array(producerRecord, { minLength: 1, maxLength: 8 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(producerRecord, fc.integer({ min: 60, max: 200 }))
      .map(([record, count]) => Array.from({ length: count }, () => ({ ...record, headers: [] }))),
  },
);

/** What kafkajs's decoder is to find of a record. */
function asKafkajs({ key, value, headers, timestamp: time }: ProducerRecord, offset: bigint, now: number) {
  return { offset: `${offset}`, timestamp: `${time ?? now}`, key, value, headers: byName(headers) };
}

/** Without what says where it comes from. */
const plain = ({ offset, timestamp: time, key, value, headers }: DecodedMessage) => ({
  offset,
  timestamp: time,
  key,
  value,
  headers,
});

describe('a record batch by kafkajs', () => {
  it('is read as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(encodableBatch, async (batch) => {
        const { firstOffset, lastOffsetDelta } = batch.frame;
        const read = await readRecordBatches(place, await encoded(batch), firstOffset);
        deepStrictEqual(read.records, recordsOf(batch));
        expect(read.nextOffset).toBe(firstOffset + BigInt(lastOffsetDelta) + 1n);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused with any byte of it changed that the checksum covers', async () => {
    await fc.assert(
      fc.asyncProperty(
        encodableBatch,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (batch, at, change) => {
          const bytes = await encoded(batch);
          const covered = ATTRIBUTES_AT + (at % (bytes.length - ATTRIBUTES_AT));
          bytes[covered] ^= change;
          await expect(readRecordBatches(place, bytes, batch.frame.firstOffset)).rejects.toThrow('checksum');
        },
      ),
    );
  });
});

describe('a record batch by this driver', () => {
  it('is read by kafkajs as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(producerRecords, timestamp, stamp, async (records, now, stamped) => {
        const batch = writeRecordBatch(records, now, stamped);
        expect(checksumIsRight(batch)).toBe(true);
        const times = records.map((record) => record.timestamp ?? now);
        const { records: decoded, ...frame } = await decodeByKafkajs(batch);
        deepStrictEqual(frame, {
          firstOffset: '0',
          firstTimestamp: `${times[0]}`,
          maxTimestamp: `${Math.max(...times)}`,
          timestampType: 0,
          partitionLeaderEpoch: -1,
          inTransaction: false,
          isControlBatch: false,
          lastOffsetDelta: records.length - 1,
          producerId: `${stamped.producerId}`,
          producerEpoch: stamped.epoch,
          firstSequence: stamped.baseSequence,
        });
        deepStrictEqual(
          decoded.map(plain),
          records.map((record, index) => asKafkajs(record, BigInt(index), now)),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('is read by kafkajs behind others, and where the last is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(producerRecords, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        async (all, cut) => {
          let next = 0n;
          const expected: unknown[] = [];
          const batches = all.map((records, index) => {
            const batch = writeRecordBatch(records, 5);
            batch.writeBigInt64BE(next);
            const isCut = index === all.length - 1;
            if (!isCut) expected.push(...records.map((each, at) => asKafkajs(each, next + BigInt(at), 5)));
            next += BigInt(records.length);
            // With less than this in all, kafkajs looks for the format of the messages beyond the end.
            const atLeast = 17;
            return isCut ? batch.subarray(0, atLeast + (cut % (batch.length - atLeast))) : batch;
          });
          const decoded = await decodeAllByKafkajs(Buffer.concat(batches));
          deepStrictEqual(decoded.map(plain), expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('has the bytes that kafkajs gives it, the epoch of the leader apart', async () => {
    await fc.assert(
      fc.asyncProperty(encodableBatch, async ({ frame, records }) => {
        const first = records[0]?.timestampDelta ?? 0;
        const sent = records.map(({ timestampDelta, key, value, headers }, index) => ({
          ours: {
            ...place,
            key: toBuffer(key),
            value: toBuffer(value),
            headers: listed(headers),
            timestamp: frame.firstTimestamp + timestampDelta,
          },
          theirs: { offsetDelta: index, timestampDelta: timestampDelta - first, key, value, headers },
        }));
        fc.pre(sent.length > 0);
        const times = sent.map(({ ours }) => ours.timestamp);
        const { producerId, producerEpoch, firstSequence } = frame;
        const batch = writeRecordBatch(
          sent.map(({ ours }) => ours),
          0,
          { producerId, epoch: producerEpoch, baseSequence: firstSequence },
        );
        const theirs = await encodeByKafkajs(
          {
            ...frame,
            compression: 0,
            transactional: false,
            firstOffset: 0n,
            firstTimestamp: times[0],
            maxTimestamp: Math.max(...times),
            lastOffsetDelta: sent.length - 1,
          },
          sent.map((each) => each.theirs),
        );
        theirs.writeInt32BE(-1, LEADER_EPOCH_AT);
        expect(batch.equals(theirs)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is read by this driver as it was written, the order of headers included', async () => {
    await fc.assert(
      fc.asyncProperty(producerRecords, timestamp, async (records, now) => {
        const read = await readRecordBatches(place, writeRecordBatch(records, now), 0n);
        deepStrictEqual(
          read.records,
          records.map((record, index) => ({
            ...record,
            offset: BigInt(index),
            timestamp: record.timestamp ?? now,
          })),
        );
      }),
    );
  });

  it('takes no more than its limit says', () => {
    const frame = writeRecordBatch([], 0).length;
    fc.assert(
      fc.property(producerRecord, (record) => {
        const size = writeRecordBatch([record], 0).length - frame;
        expect(size).toBeLessThanOrEqual(recordSizeLimit(record));
      }),
    );
  });
});
