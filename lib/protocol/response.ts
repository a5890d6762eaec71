import type { AsyncCallError } from '../errors/async-call-error.js';
import { CONTENT_TYPE, KIND, SOURCE, VERSION } from './common-headers.js';
import { DecodeError } from './decode-error.js';
import { decodeErrorPayload, encodeErrorPayload } from './error-payload.js';
import { FRAME_KINDS, type Frame, type FrameKind } from './frame-list.js';
import { HEADER, PROTOCOL_VERSION } from './header-names.js';
import { HeaderReader } from './header-reader.js';
import { MessageHeaders, type HeaderEntry } from './message-headers.js';
import { quoted } from './quoted.js';
import { JSON_TYPE, LIKELY_CONTENT_TYPES, type SerializedPayload } from './serializer.js';
import { TextHeader, textHeader } from './text-header.js';
import { headerOf, type WireRecord } from './wire-record.js';

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

/** What stands in the headers of a response that leaves. */
export interface ResponseHead extends FrameHead {
  /** The request's, as it came. */
  readonly correlationId: Buffer;
  /** Who answers: `service/instance`. */
  readonly source: string;
  /** What the request wants back, as it came; see {@link ReplyAddress.state}. */
  readonly state?: Buffer;
}

/** A response as it leaves. */
export type OutgoingResponse = ResponseHead & FrameBody;

/** What stands in the headers of a response that arrived. */
interface IncomingHead extends FrameHead {
  readonly source: string | undefined;
  readonly headers: MessageHeaders;
}

/** A response as it arrived. The payload is not deserialized yet. */
export type IncomingResponse = IncomingHead & FrameBody;

const SEQ = new TextHeader(HEADER.seq);
const EPOCH = new TextHeader(HEADER.epoch);
const ATTEMPT = new TextHeader(HEADER.attempt);

/** The record of a response. */
export function encodeResponse(response: OutgoingResponse, headers: readonly HeaderEntry[] = []): WireRecord {
  return responseRecord(response, response, headers);
}

/** The same of a head and a body that are not one object: to join them by spreading costs more than to encode them. */
export function responseRecord(
  head: ResponseHead,
  body: FrameBody,
  headers: readonly HeaderEntry[] = [],
): WireRecord {
  const { kind, payload } = frameOf(body);
  const all = responseHeaders(head, kind);
  if (payload.contentType !== undefined) all.push(CONTENT_TYPE.of(payload.contentType));
  for (const header of headers) all.push(header);
  return { value: payload.bytes, headers: all };
}

/** The headers of a record that holds responses. */
export function responseHeaders(head: ResponseHead, kind: string): HeaderEntry[] {
  const headers: HeaderEntry[] = [
    [HEADER.correlationId, head.correlationId],
    VERSION,
    KIND.of(kind),
    textHeader(HEADER.id, head.id),
    SEQ.of(head.seq),
    EPOCH.of(head.epoch),
    ATTEMPT.of(head.attempt),
    SOURCE.of(head.source),
  ];
  if (head.state) headers.push([HEADER.state, head.state]);
  return headers;
}

/** A body as it travels. */
export function frameOf(body: FrameBody): Frame {
  switch (body.kind) {
    case 'complete':
      return { kind: body.kind, payload: { bytes: null } };
    case 'error':
      return {
        kind: body.kind,
        payload: { bytes: encodeErrorPayload(body.error), contentType: JSON_TYPE },
      };
    default:
      return body;
  }
}

/** The body that a frame stands for. Throws only {@link DecodeError}. */
export function bodyOf({ kind, payload }: Frame): FrameBody {
  switch (kind) {
    case 'complete':
      return { kind };
    case 'error':
      return { kind, error: decodeErrorPayload(payload.bytes) };
    default:
      return { kind, payload };
  }
}

/** The id of the request that a record answers, as it came, without reading the rest; `undefined` if it has none. */
export function correlationIdOf(record: WireRecord): Buffer | undefined {
  return headerOf(record, HEADER.correlationId);
}

const VERSIONS = [PROTOCOL_VERSION];

/** Reads a record that is one response. Throws only {@link DecodeError}. */
export function decodeResponse(record: WireRecord): IncomingResponse {
  const read = new HeaderReader(record);
  const head = readResponseHead(read, record);
  const payload = { bytes: record.value, contentType: read.text(HEADER.contentType, LIKELY_CONTENT_TYPES) };
  return Object.assign(head, bodyOf({ kind: readKind(read), payload }));
}

/** Reads the headers of a record that holds responses. Throws only {@link DecodeError}. */
export function readResponseHead(read: HeaderReader, { headers }: WireRecord): IncomingHead {
  const version = read.text(HEADER.version, VERSIONS);
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
    epoch: read.bytes(HEADER.epoch) === undefined ? 0 : requiredCount(read, HEADER.epoch),
    attempt: requiredCount(read, HEADER.attempt),
    source: read.text(HEADER.source),
    headers: MessageHeaders.ofRecord(headers),
  };
}

function readKind(read: HeaderReader): FrameKind {
  const kind = read.text(HEADER.kind, FRAME_KINDS);
  if (kind === 'next' || kind === 'last' || kind === 'complete' || kind === 'error') return kind;
  throw new DecodeError(`${HEADER.kind} of the response is ${quoted(kind)}.`);
}

function requiredCount(read: HeaderReader, name: string): number {
  const count = read.count(name);
  if (count === undefined || Number.isNaN(count)) {
    throw new DecodeError(`The response's header ${name} is not a whole number.`);
  }
  return count;
}
