import type { AsyncCallError } from '../errors/async-call-error.js';
import { DecodeError } from './decode-error.js';
import { decodeErrorPayload, encodeErrorPayload } from './error-payload.js';
import { HEADER, PROTOCOL_VERSION } from './header-names.js';
import { HeaderReader } from './header-reader.js';
import { MessageHeaders, type HeaderEntry } from './message-headers.js';
import { quoted } from './quoted.js';
import type { SerializedPayload } from './serializer.js';
import { headerOf, text, type WireRecord } from './wire-record.js';

/**
 * What a response record is in the stream of its request: a value (`next`), a value that is also the
 * end (`last`), the end (`complete`), or a failed end (`error`).
 */
export type FrameKind = 'next' | 'last' | 'complete' | 'error';

/** The part of a frame that depends on its kind. */
export type FrameBody =
  | { readonly kind: 'next' | 'last'; readonly payload: SerializedPayload }
  | { readonly kind: 'complete' }
  | { readonly kind: 'error'; readonly error: AsyncCallError };

/** What every frame has. */
interface FrameHead {
  /** The frame's own id. */
  readonly id: string;
  /** Its place in the stream, from 0. For `complete` and `error`: the number of values before it. */
  readonly seq: number;
  /**
   * Under which ownership of the request's partition it was produced: a later owner has a greater one. 0 for a service
   * that does not say.
   */
  readonly epoch: number;
  /** Which delivery of the request by this owner produced it, from 1. */
  readonly attempt: number;
}

/** A response as it leaves. */
export type OutgoingResponse = FrameHead &
  FrameBody & {
    /** The request's, as it came. */
    readonly correlationId: Buffer;
    /** Who answers: `service/instance`. */
    readonly source: string;
  };

/** A response as it arrived. The payload is not deserialized yet. */
export type IncomingResponse = FrameHead &
  FrameBody & {
    readonly source: string | undefined;
    readonly headers: MessageHeaders;
  };

/** The record of a response. */
export function encodeResponse(response: OutgoingResponse, headers: readonly HeaderEntry[] = []): WireRecord {
  const { bytes, contentType } = payloadOf(response);
  return {
    value: bytes,
    headers: [
      [HEADER.correlationId, response.correlationId],
      ...text(HEADER.version, PROTOCOL_VERSION),
      ...text(HEADER.kind, response.kind),
      ...text(HEADER.id, response.id),
      ...text(HEADER.seq, response.seq),
      ...text(HEADER.epoch, response.epoch),
      ...text(HEADER.attempt, response.attempt),
      ...text(HEADER.source, response.source),
      ...text(HEADER.contentType, contentType),
      ...headers,
    ],
  };
}

function payloadOf(response: FrameBody): SerializedPayload {
  switch (response.kind) {
    case 'complete':
      return { bytes: null };
    case 'error':
      return { bytes: encodeErrorPayload(response.error), contentType: 'application/json' };
    default:
      return response.payload;
  }
}

/** The id of the request that a record answers, as it came, without reading the rest; `undefined` if it has none. */
export function correlationIdOf(record: WireRecord): Buffer | undefined {
  return headerOf(record, HEADER.correlationId);
}

/** Reads a record of a reply topic. Throws only {@link DecodeError}. */
export function decodeResponse(record: WireRecord): IncomingResponse {
  const read = new HeaderReader(record.headers);
  const version = read.text(HEADER.version);
  if (version !== PROTOCOL_VERSION) {
    throw new DecodeError(
      version === undefined
        ? `The response has no header ${HEADER.version}.`
        : `The response is of version ${quoted(version)}; this client reads ${PROTOCOL_VERSION}.`,
    );
  }
  return {
    id: read.text(HEADER.id) ?? '',
    seq: requiredCount(read, HEADER.seq),
    epoch: read.text(HEADER.epoch) === undefined ? 0 : requiredCount(read, HEADER.epoch),
    attempt: requiredCount(read, HEADER.attempt),
    source: read.text(HEADER.source),
    headers: MessageHeaders.ofRecord(record.headers),
    ...readBody(read, record.value),
  };
}

function readBody(read: HeaderReader, value: Buffer | null): FrameBody {
  const kind = read.text(HEADER.kind);
  switch (kind) {
    case 'next':
    case 'last':
      return { kind, payload: { bytes: value, contentType: read.text(HEADER.contentType) } };
    case 'complete':
      return { kind };
    case 'error':
      return { kind, error: decodeErrorPayload(value) };
    default:
      throw new DecodeError(`${HEADER.kind} of the response is ${quoted(kind)}.`);
  }
}

function requiredCount(read: HeaderReader, name: string): number {
  const count = read.count(name);
  if (count === undefined || Number.isNaN(count)) {
    throw new DecodeError(`The response's header ${name} is not a whole number.`);
  }
  return count;
}
