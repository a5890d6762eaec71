import crc32C from 'kafkajs/src/protocol/recordBatch/crc32C/index.js';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import decodeBatch from 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
import decodeMessages from 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js';
import encodeRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import recordBatch from 'kafkajs/src/protocol/recordBatch/v0/index.js';

/** kafkajs's headers: each name once, with one value or several. */
export type KafkajsHeaders = Readonly<
  Record<string, string | Buffer | readonly (string | Buffer)[] | undefined>
>;

/** A record as kafkajs's encoder takes it. */
export interface KafkajsRecord {
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers: KafkajsHeaders;
}

/** The frame of a batch. */
export interface KafkajsFrame {
  /** 0 for none, 1 for gzip. */
  readonly compression: number;
  readonly firstOffset: bigint;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly partitionLeaderEpoch: number;
  readonly lastOffsetDelta: number;
  readonly transactional: boolean;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly firstSequence: number;
}

/** A batch as kafkajs's encoder takes it. */
export interface KafkajsBatch extends KafkajsFrame {
  readonly records: readonly KafkajsEncoder[];
}

/** What kafkajs's encoders return. */
export interface KafkajsEncoder {
  readonly buffer: Buffer;
}

/** kafkajs's reader of primitive types. */
export interface KafkajsDecoder {
  readBytes(size: number): Buffer;
}

/** A record as kafkajs's decoder returns it. */
export interface DecodedMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[]>>;
}

/** A batch as kafkajs's decoder returns it. */
export interface DecodedBatch {
  readonly records: readonly DecodedMessage[];
}

/** The bytes of a batch by kafkajs. */
export async function encodeByKafkajs(
  frame: KafkajsFrame,
  records: readonly KafkajsRecord[],
): Promise<Buffer> {
  const { buffer } = await recordBatch.RecordBatch({ ...frame, records: records.map(encodeRecord) });
  return buffer;
}

/** The one batch that the bytes are, by kafkajs, which does not look at the checksum. */
export function decodeByKafkajs(batch: Buffer): Promise<DecodedBatch> {
  return decodeBatch(new Decoder(batch));
}

/** The records of the batches that the bytes of a fetch are, by kafkajs. */
export function decodeAllByKafkajs(batches: Buffer): Promise<DecodedMessage[]> {
  const length = Buffer.alloc(4);
  length.writeInt32BE(batches.length);
  return decodeMessages(new Decoder(Buffer.concat([length, batches])));
}

/** Whether kafkajs finds the checksum in the batch to be right. */
export function checksumIsRight(batch: Buffer): boolean {
  return batch.readUInt32BE(17) === crc32C(batch.subarray(21));
}
