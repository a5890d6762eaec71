/** The files of kafkajs that encode and decode record batches, which the tests and the benchmark compare ours with. */

declare module 'kafkajs/src/protocol/recordBatch/v0/index.js' {
  import type { KafkajsBatch, KafkajsEncoder } from './kafkajs-codec.js';
  const definitions: { RecordBatch(batch: KafkajsBatch): Promise<KafkajsEncoder> };
  export default definitions;
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  import type { KafkajsEncoder, KafkajsRecord } from './kafkajs-codec.js';
  const encodeRecord: (record: KafkajsRecord) => KafkajsEncoder;
  export default encodeRecord;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/decoder.js' {
  import type { KafkajsDecoder, DecodedBatch } from './kafkajs-codec.js';
  const decodeBatch: (decoder: KafkajsDecoder) => Promise<DecodedBatch>;
  export default decodeBatch;
}

declare module 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js' {
  import type { KafkajsDecoder, DecodedMessage } from './kafkajs-codec.js';
  const decodeMessages: (decoder: KafkajsDecoder) => Promise<DecodedMessage[]>;
  export default decodeMessages;
}

declare module 'kafkajs/src/protocol/recordBatch/crc32C/index.js' {
  const crc32C: (bytes: Uint8Array) => number;
  export default crc32C;
}

declare module 'kafkajs/src/protocol/decoder.js' {
  import type { KafkajsDecoder } from './kafkajs-codec.js';
  const Decoder: new (bytes: Buffer) => KafkajsDecoder;
  export default Decoder;
}
