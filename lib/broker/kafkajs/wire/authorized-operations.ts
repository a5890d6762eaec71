import type { Protocol } from '../internals.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { encodedAs } from './produce.js';

/** What the client's user may do with a topic. */
export interface AuthorizedOperations {
  readonly topic: string;
  readonly errorCode: number;
  /** A bit for each of Kafka's operations; `undefined` if the broker does not tell. */
  readonly operations: number | undefined;
}

/** The bits of what matters here. */
export const OPERATION = { Read: 1 << 3, Write: 1 << 4 } as const;

interface Answer {
  readonly topics: AuthorizedOperations[];
  readonly clientSideThrottleTime: number;
}

const NOT_TOLD = -(2 ** 31);

/**
 * Metadata, version 8, of which only this is read:
 *
 * ```
 * Request  => [Topic:string] AllowAutoCreation:int8 OfCluster:int8 OfTopics:int8
 * Response => ThrottleTime:int32 [NodeId:int32 Host:string Port:int32 Rack:string] ClusterId:string
 *             ControllerId:int32 [ErrorCode:int16 Topic:string IsInternal:int8 [ErrorCode:int16
 *             Partition:int32 Leader:int32 LeaderEpoch:int32 [Replica:int32] [InSync:int32]
 *             [Offline:int32]] Operations:int32] OperationsOnCluster:int32
 * ```
 */
export function authorizedOperationsProtocol(topics: readonly string[]): Protocol<AuthorizedOperations[]> {
  const writer = new ByteWriter().int32(topics.length);
  for (const topic of topics) writer.string(topic);
  const request = writer.int8(0).int8(0).int8(1).bytes();
  return {
    request: { apiKey: 3, apiVersion: 8, apiName: 'Metadata', encode: async () => encodedAs(request) },
    response: { decode: async (bytes) => metadata(bytes), parse: async ({ topics: told }: Answer) => told },
  };
}

function metadata(bytes: Buffer): Answer {
  const reader = new ByteReader(bytes);
  const clientSideThrottleTime = reader.int32();
  reader.array(() => [reader.int32(), reader.string(), reader.int32(), reader.string()]);
  reader.string();
  reader.int32();
  return { topics: reader.array(() => ofTopic(reader)), clientSideThrottleTime };
}

function ofTopic(reader: ByteReader): AuthorizedOperations {
  const errorCode = reader.int16();
  const topic = reader.string();
  reader.int8();
  reader.array(() => skipPartition(reader));
  const operations = reader.int32();
  return { topic, errorCode, operations: operations === NOT_TOLD ? undefined : operations };
}

function skipPartition(reader: ByteReader): void {
  reader.raw(2 + 4 + 4 + 4);
  for (let list = 0; list < 3; list += 1) reader.array(() => reader.int32());
}
