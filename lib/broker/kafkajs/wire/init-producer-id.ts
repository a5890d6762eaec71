import type { Protocol } from '../internals.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { encodedAs } from './produce.js';

/** A producer id that nobody had before; its epoch is 0. */
export interface NewProducerId {
  readonly errorCode: number;
  readonly producerId: bigint;
}

/**
 * InitProducerId, version 1, without transactions:
 *
 * ```
 * Request  => TransactionalId:string TransactionTimeout:int32
 * Response => ThrottleTime:int32 ErrorCode:int16 ProducerId:int64 ProducerEpoch:int16
 * ```
 */
export function initProducerIdProtocol(): Protocol<NewProducerId> {
  const request = new ByteWriter(8).string(null).int32(0).bytes();
  return {
    request: { apiKey: 22, apiVersion: 1, apiName: 'InitProducerId', encode: async () => encodedAs(request) },
    response: {
      decode: async (bytes) => newProducerId(bytes),
      parse: async (answer) => answer,
    },
  };
}

function newProducerId(bytes: Buffer): NewProducerId & { clientSideThrottleTime: number } {
  const reader = new ByteReader(bytes);
  return {
    clientSideThrottleTime: reader.int32(),
    errorCode: reader.int16(),
    producerId: reader.int64(),
  };
}
