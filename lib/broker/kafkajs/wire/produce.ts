import type { TopicPartition } from '../../record.js';
import { groupBy } from '../group-by.js';
import type { Protocol } from '../internals.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';

/** A record batch on its way to its partition. */
export interface EncodedBatch extends TopicPartition {
  readonly batch: Buffer;
}

/** How the broker answered for one partition. */
export interface ProducedBatch extends TopicPartition {
  readonly errorCode: number;
  /** The offset of the batch's first record. */
  readonly baseOffset: bigint;
  /** Where the partition begins now; -1 if the broker does not know. */
  readonly logStartOffset: bigint;
}

/**
 * Produce, version 7, `acks=all`:
 *
 * ```
 * Request  => TransactionalId:string Acks:int16 Timeout:int32 [Topic:string [Partition:int32 Records:bytes]]
 * Response => [Topic:string [Partition:int32 ErrorCode:int16 BaseOffset:int64 LogAppendTime:int64
 *             LogStartOffset:int64]] ThrottleTime:int32
 * ```
 */
export function produceProtocol(
  batches: readonly EncodedBatch[],
  timeoutMs: number,
): Protocol<ProducedBatch[]> {
  return {
    request: {
      apiKey: 0,
      apiVersion: 7,
      apiName: 'Produce',
      encode: async () => encodedAs(produceRequest(batches, timeoutMs)),
    },
    response: {
      decode: async (bytes) => produceResponse(bytes),
      parse: async ({ partitions }) => partitions,
    },
  };
}

/** What kafkajs expects of an encoder: the bytes under both of its names. */
export function encodedAs(bytes: Buffer): { buf: Buffer; buffer: Buffer } {
  return { buf: bytes, buffer: bytes };
}

function produceRequest(batches: readonly EncodedBatch[], timeoutMs: number): Buffer {
  const size = batches.reduce((sum, { topic, batch }) => sum + batch.length + topic.length * 3 + 20, 32);
  const writer = new ByteWriter(size).string(null).int16(-1).int32(timeoutMs);
  const byTopic = groupBy(batches, ({ topic }) => topic);
  writer.int32(byTopic.size);
  for (const [topic, ofTopic] of byTopic) {
    writer.string(topic).int32(ofTopic.length);
    for (const { partition, batch } of ofTopic) writer.int32(partition).int32(batch.length).raw(batch);
  }
  return writer.bytes();
}

function produceResponse(bytes: Buffer): { partitions: ProducedBatch[]; clientSideThrottleTime: number } {
  const reader = new ByteReader(bytes);
  const partitions = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => {
      const partition = reader.int32();
      const errorCode = reader.int16();
      const baseOffset = reader.int64();
      reader.raw(8);
      const logStartOffset = reader.int64();
      return { topic, partition, errorCode, baseOffset, logStartOffset };
    });
  });
  return { partitions: partitions.flat(), clientSideThrottleTime: reader.int32() };
}
