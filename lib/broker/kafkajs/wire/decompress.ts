import zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import { UndecodableBatch } from './undecodable-batch.js';

type Decompress = (bytes: Buffer) => Buffer | Promise<Buffer>;
type RegisteredCodec = () => { readonly decompress: Decompress };

/** By Kafka's number, as kafkajs's `CompressionTypes` names them. */
const NAMES = ['none', 'GZIP', 'Snappy', 'LZ4', 'ZSTD'];
const GZIP = 1;
const ZSTD = 4;

/** Node has it from 22.15 on. */
const zstd = (zlib as { zstdDecompressSync?: (bytes: Buffer) => Buffer }).zstdDecompressSync;
const BUILT_IN: Readonly<Record<number, Decompress | undefined>> = {
  [GZIP]: (bytes) => zlib.gunzipSync(bytes),
  [ZSTD]: zstd && ((bytes) => zstd(bytes)),
};

/**
 * gzip, and zstd where Node has it, are built in; other codecs are those the user registered with kafkajs's
 * `CompressionCodecs`, at any time: those are asked for at each batch, and go before what is built in.
 */
export async function decompress(codec: number, bytes: Buffer): Promise<Buffer> {
  const decoder = registered(codec) ?? BUILT_IN[codec];
  if (decoder === undefined) throw new UndecodableBatch(missing(codec));
  return decoder(bytes);
}

function registered(codec: number): Decompress | undefined {
  if (codec === GZIP) return undefined;
  const codecs = kafkajs.CompressionCodecs as Record<number, RegisteredCodec | undefined>;
  try {
    const found = codecs[codec]?.();
    return found && ((bytes) => found.decompress(bytes));
  } catch (error) {
    // What kafkajs has in the place of each codec that was not registered.
    if ((error as Error).name === 'KafkaJSNotImplemented') return undefined;
    throw error;
  }
}

function missing(codec: number): string {
  const name = NAMES[codec];
  if (name === undefined)
    return `its codec, number ${codec}, is not known: use a newer version of this library`;
  const node = codec === ZSTD ? ', or run Node 22.15 or newer,' : '';
  return (
    `it is compressed with ${name}, for which there is no codec: ` +
    `register it: CompressionCodecs[CompressionTypes.${name}] = … (both from kafkajs)${node} and reading goes on here; ` +
    `so that no more come, set the topic's compression.type to gzip, or have its producers use gzip`
  );
}
