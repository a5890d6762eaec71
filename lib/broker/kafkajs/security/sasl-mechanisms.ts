import type { KafkajsConnectionPool, Protocol } from '../internals.js';
import { ByteReader } from '../wire/byte-reader.js';
import { ByteWriter } from '../wire/byte-writer.js';
import { encodedAs } from '../wire/produce.js';

/** No broker has it: the answer is which ones it has. */
const NO_MECHANISM = 'ASYNC-CALLS-ASKS';

/**
 * The SASL mechanisms that the broker has on this port; none if it does not ask for SASL there. The connection is of no
 * further use.
 */
export function mechanismsOf(connections: KafkajsConnectionPool): Promise<string[]> {
  return connections.send(handshakeProtocol(NO_MECHANISM));
}

/**
 * SaslHandshake, version 1, whose error is left alone:
 *
 * ```
 * Request  => Mechanism:string
 * Response => ErrorCode:int16 [Mechanism:string]
 * ```
 */
function handshakeProtocol(mechanism: string): Protocol<string[]> {
  const request = new ByteWriter(32).string(mechanism).bytes();
  return {
    request: { apiKey: 17, apiVersion: 1, apiName: 'SaslHandshake', encode: async () => encodedAs(request) },
    response: { decode: async (bytes) => handshakeAnswer(bytes), parse: async ({ enabled }) => enabled },
  };
}

function handshakeAnswer(bytes: Buffer): { enabled: string[]; clientSideThrottleTime: number } {
  const reader = new ByteReader(bytes);
  reader.int16();
  // The answer names none.
  return { enabled: reader.array(() => reader.string()), clientSideThrottleTime: 0 };
}
