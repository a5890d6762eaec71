import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import { parseJson } from './parse-json.js';
import { quoted } from './quoted.js';
import { JSON_TYPE, type SerializedPayload, type Serializer } from './serializer.js';

const BYTES_TYPE = 'application/octet-stream';
const TEXT_TYPE = 'text/plain';

/**
 * The default serializer: JSON, but bytes as they are and `undefined` as no payload.
 *
 * What JSON cannot say, it cannot say: a Date arrives as its ISO text, a Buffer inside an object as
 * `{ type: 'Buffer', data: [...] }`, a Map, Set or typed array as an object, `NaN` and infinities inside an object
 * as `null`, and properties that are `undefined` do not arrive. A Buffer or Uint8Array that is the whole value
 * arrives as a Buffer. A whole value that JSON would change (`NaN`, an infinity, a function, a symbol), and anything
 * that it refuses (a bigint, a circle), is an error.
 *
 * JSON with a key `__proto__` or `constructor.prototype` is refused with `bad-request`: see {@link parseJson}.
 */
export const jsonSerializer: Serializer = {
  serialize(value) {
    if (value === undefined) return { bytes: null };
    if (value instanceof Uint8Array) {
      return {
        bytes: Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        contentType: BYTES_TYPE,
      };
    }
    return { bytes: Buffer.from(toJson(value), 'utf8'), contentType: JSON_TYPE };
  },

  deserialize({ bytes, contentType }: SerializedPayload) {
    if (bytes === null) return undefined;
    switch (mediaType(contentType)) {
      case JSON_TYPE:
        return fromJson(bytes);
      case BYTES_TYPE:
        return bytes;
      case TEXT_TYPE:
        return bytes.toString('utf8');
      default:
        throw new AsyncCallError(
          'bad-request',
          `The payload's content type is ${quoted(contentType)}; this service reads ` +
            `${JSON_TYPE}, ${TEXT_TYPE} and ${BYTES_TYPE}.`,
        );
    }
  },
};

/** `application/json; charset=utf-8` is JSON; so is a payload whose sender did not say. */
function mediaType(contentType: string | undefined): string {
  if (contentType === undefined || contentType === JSON_TYPE) return JSON_TYPE;
  return contentType.split(';', 1)[0].trim().toLowerCase();
}

function toJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw notSerializable(`${value} is not JSON`);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw notSerializable(messageOf(error), error);
  }
  if (text === undefined) throw notSerializable(`a ${typeof value} is not JSON`);
  return text;
}

function fromJson(bytes: Buffer): unknown {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw new AsyncCallError('bad-request', `The payload is not JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function notSerializable(reason: string, cause?: unknown): AsyncCallError {
  return new AsyncCallError('invalid-argument', `The value cannot be sent: ${reason}.`, { cause });
}
