import type { AuthenticationProviderArgs } from 'kafkajs';
import { ByteReader } from '../wire/byte-reader.js';
import { ByteWriter } from '../wire/byte-writer.js';
import type { OAuthBearerToken } from './sasl-options.js';

const SEPARATOR = '\u0001';
/** What the client says to an answer that tells why its token was refused: go on, and fail. */
const HEARD = SEPARATOR;

type Exchange = AuthenticationProviderArgs['saslAuthenticate'];

/**
 * Presents a token (RFC 7628). kafkajs's own way does not read the broker's answer: a refused token passes for an
 * accepted one there, until the connection breaks.
 */
export async function presentToken(
  { value, extensions = {} }: OAuthBearerToken,
  exchange: Exchange,
): Promise<void> {
  const pairs = Object.entries({ auth: `Bearer ${value}`, ...extensions });
  const message = ['n,,', ...pairs.map((pair) => pair.join('=')), '', ''].join(SEPARATOR);
  const refusal = await say(message, exchange);
  if (refusal === '') return;
  // The broker fails this one, mostly with a reason of its own.
  await say(HEARD, exchange);
  throw new Error(refusal);
}

async function say(message: string, exchange: Exchange): Promise<string> {
  const answer = await exchange({
    request: { encode: () => withLength(message) },
    response: { decode: withoutLength, parse: String },
  });
  return answer ?? '';
}

function withoutLength(bytes: Buffer): Buffer {
  const reader = new ByteReader(bytes);
  return reader.raw(Math.max(reader.int32(), 0));
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  return new ByteWriter(4 + bytes.length).int32(bytes.length).raw(bytes).bytes();
}
