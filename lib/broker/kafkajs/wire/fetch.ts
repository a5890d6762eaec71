import type { TopicPartition } from '../../record.js';
import { groupBy } from '../group-by.js';
import type { Protocol } from '../internals.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { encodedAs } from './produce.js';
import type { AbortedTransaction } from './record-batch-reader.js';

/** What to fetch. */
export interface FetchRequest {
  /** In the order in which the broker is to fill the answer. */
  readonly partitions: readonly (TopicPartition & { readonly offset: bigint })[];
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
}

/** How the broker answered for one partition. */
export interface FetchedPartition extends TopicPartition {
  readonly errorCode: number;
  readonly highWatermark: bigint;
  readonly aborted: readonly AbortedTransaction[];
  /** Record batches, the last of which may be cut off. */
  readonly bytes: Buffer;
}

const READ_COMMITTED = 1;

/**
 * Fetch, version 11, of committed records, without a fetch session:
 *
 * ```
 * Request  => ReplicaId:int32 MaxWait:int32 MinBytes:int32 MaxBytes:int32 IsolationLevel:int8
 *             SessionId:int32 SessionEpoch:int32 [Topic:string [Partition:int32 LeaderEpoch:int32
 *             FetchOffset:int64 LogStartOffset:int64 MaxBytes:int32]] [Forgotten] RackId:string
 * Response => ThrottleTime:int32 ErrorCode:int16 SessionId:int32 [Topic:string [Partition:int32
 *             ErrorCode:int16 HighWatermark:int64 LastStableOffset:int64 LogStartOffset:int64
 *             [ProducerId:int64 FirstOffset:int64] PreferredReadReplica:int32 Records:bytes]]
 * ```
 */
export function fetchProtocol(fetch: FetchRequest): Protocol<FetchedPartition[]> {
  return {
    request: {
      apiKey: 1,
      apiVersion: 11,
      apiName: 'Fetch',
      encode: async () => encodedAs(fetchRequest(fetch)),
    },
    response: { decode: async (bytes) => fetchResponse(bytes), parse: async ({ partitions }) => partitions },
    requestTimeout: fetch.maxWaitMs + 10_000,
  };
}

function fetchRequest({ partitions, maxWaitMs, maxBytes, maxBytesPerPartition }: FetchRequest): Buffer {
  const writer = new ByteWriter(64 + partitions.length * 48);
  writer.int32(-1).int32(maxWaitMs).int32(1).int32(maxBytes).int8(READ_COMMITTED).int32(0).int32(-1);
  const byTopic = groupBy(partitions, ({ topic }) => topic);
  writer.int32(byTopic.size);
  for (const [topic, ofTopic] of byTopic) {
    writer.string(topic).int32(ofTopic.length);
    for (const { partition, offset } of ofTopic)
      writer.int32(partition).int32(-1).int64(offset).int64(-1n).int32(maxBytesPerPartition);
  }
  return writer.int32(0).string('').bytes();
}

function fetchResponse(bytes: Buffer): { partitions: FetchedPartition[]; clientSideThrottleTime: number } {
  const reader = new ByteReader(bytes);
  const clientSideThrottleTime = reader.int32();
  reader.raw(6);
  const partitions = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => fetchedPartition(reader, topic));
  });
  return { partitions: partitions.flat(), clientSideThrottleTime };
}

function fetchedPartition(reader: ByteReader, topic: string): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  reader.raw(16);
  const aborted = reader.array(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }));
  reader.int32();
  const bytes = reader.raw(Math.max(reader.int32(), 0));
  return { topic, partition, errorCode, highWatermark, aborted, bytes };
}
