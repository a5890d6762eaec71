import { isPlainObject } from './plain-object.js';
import { AsyncCallError, messageOf } from '../../errors/async-call-error.js';
import { type HeaderEntry, headerEntries, type HeadersInput } from '../message-headers.js';
import { isReservedHeader } from '../header-names.js';
import { parseJson, parseJsonWithoutPrototypes } from '../parse-json.js';
import type { SerializedPayload, Serializer } from '../serializer.js';

/** A value in Nest's form: it may say what else stands on its record. */
export interface NestPayload extends SerializedPayload {
  /** `null` for none. */
  readonly key?: Buffer | null;
  readonly headers?: readonly HeaderEntry[];
}

/** What Nest takes for a record of Kafka instead of for a value. */
interface KafkaMessage {
  readonly key?: unknown;
  readonly value?: unknown;
  readonly headers?: HeadersInput | null;
}

/**
 * Values as Nest's own Kafka transport writes and reads them: objects and arrays are JSON, text and bytes are as they
 * are, everything else is its text, and `null` and `undefined` are no value. So a number arrives as a string, and text that
 * looks like JSON as what it says.
 *
 * An object with a `key` or a `value` is taken for a record: `{ key, value, headers }`, without the headers whose names are
 * reserved. Bytes that begin with a zero stay
 * bytes: that is how schema registries mark their payloads. JSON with a key `__proto__` is refused with `bad-request`.
 */
export const nestSerializer: Serializer = {
  serialize(value): NestPayload {
    if (!isKafkaMessage(value)) return { bytes: encodeNestValue(value) };
    return {
      bytes: encodeNestValue(value.value),
      key: encodeNestValue(value.key),
      headers: ownHeaders(value.headers ?? {}),
    };
  },

  deserialize: ({ bytes }) => decodeNestValue(bytes),
};

/** A handler may hand the headers of its message back, among them those that Nest replaces by its own. */
function ownHeaders(headers: HeadersInput): HeaderEntry[] {
  const own = Object.entries(headers).filter(([name]) => !isReservedHeader(name));
  return headerEntries(Object.fromEntries(own));
}

/** The bytes of one value. Throws `invalid-argument` for what JSON cannot say. */
function encodeNestValue(value: unknown): Buffer | null {
  if (value === undefined || value === null) return null;
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === 'string' ? value : textOf(value), 'utf8');
}

function textOf(value: unknown): string {
  try {
    const hasJson = isPlainObject(value) || Array.isArray(value) || hasNoTextOfItsOwn(value);
    return hasJson ? JSON.stringify(value) : String(value);
  } catch (error) {
    throw new AsyncCallError('invalid-argument', `The value cannot be sent: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function hasNoTextOfItsOwn(value: unknown): boolean {
  return typeof value === 'object' && value !== null && value.toString === Object.prototype.toString;
}

/** The value of bytes: of a payload, a key or a header. */
export function decodeNestValue(bytes: Buffer | null): unknown {
  if (bytes === null) return null;
  if (bytes[0] === 0) return bytes;
  const looksLikeJson = bytes[0] === OPENING_BRACE || bytes[0] === OPENING_BRACKET;
  return looksLikeJson ? jsonOrText(bytes) : bytes.toString('utf8');
}

const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;

function jsonOrText(bytes: Buffer): unknown {
  try {
    return parseJson(bytes);
  } catch (error) {
    if (!isJson(bytes)) return bytes.toString('utf8');
    throw new AsyncCallError('bad-request', `The payload is refused: ${messageOf(error)}.`, { cause: error });
  }
}

function isJson(bytes: Buffer): boolean {
  try {
    parseJsonWithoutPrototypes(bytes);
    return true;
  } catch {
    return false;
  }
}

function isKafkaMessage(value: unknown): value is KafkaMessage {
  return typeof value === 'object' && value !== null && ('key' in value || 'value' in value);
}
