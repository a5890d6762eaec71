import { AsyncCallError } from '../errors/async-call-error.js';

/** What the default serializer writes most. */
export const JSON_TYPE = 'application/json';
export const LIKELY_CONTENT_TYPES: readonly string[] = [JSON_TYPE];

/** A value as it travels. */
export interface SerializedPayload {
  /** `null` for no payload. */
  readonly bytes: Buffer | null;
  /** Says how to read the bytes; absent for no payload. */
  readonly contentType?: string;
}

/**
 * Turns values into bytes and back. Both sides of a call need one that reads what the other writes.
 * It may throw: the caller or the service then gets a typed error that names the message.
 */
export interface Serializer {
  serialize(value: unknown): SerializedPayload;
  /** The value; `undefined` for no payload. `contentType` is absent if the sender did not say. */
  deserialize(payload: SerializedPayload): unknown;
}

/** The serializer's bytes for a value. Throws as it throws, and `invalid-argument` if what it returns is no payload. */
export function serialize(serializer: Serializer, value: unknown): SerializedPayload {
  const payload: unknown = serializer.serialize(value);
  if (isPayload(payload)) return payload;
  throw new AsyncCallError(
    'invalid-argument',
    'The serializer has not returned { bytes, contentType }, with a Buffer or null and with text.',
  );
}

function isPayload(payload: unknown): payload is SerializedPayload {
  if (typeof payload !== 'object' || payload === null) return false;
  const { bytes, contentType } = payload as { readonly bytes?: unknown; readonly contentType?: unknown };
  const isText = contentType === undefined || typeof contentType === 'string';
  return isText && (bytes === null || Buffer.isBuffer(bytes));
}
