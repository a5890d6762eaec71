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
