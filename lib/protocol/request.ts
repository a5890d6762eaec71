import { CANCEL } from './cancel.js';
import { CONTENT_TYPE, KIND, SOURCE, VERSION } from './common-headers.js';
import { DecodeError, type Answerable } from './decode-error.js';
import { FRAMES } from './frames.js';
import { HEADER } from './header-names.js';
import { HeaderReader } from './header-reader.js';
import { MessageHeaders, type HeaderEntry } from './message-headers.js';
import { quoted } from './quoted.js';
import type { AnswerAddress, ReplyAddress } from './reply-address.js';
import {
  acceptsFrames,
  BAD_REQUEST,
  checkVersion,
  readReplyAddress,
  readTimeout,
} from './request-headers.js';
import { LIKELY_CONTENT_TYPES, type SerializedPayload } from './serializer.js';
import { TextHeader, textHeader } from './text-header.js';
import type { WireRecord } from './wire-record.js';

/** The kind of a record that is an event: a fact for whoever subscribes to its topic. */
export const EVENT = 'event';

/** `request` wants responses, `one-way` does not. */
export type RequestKind = 'request' | 'one-way';

/** A request to an endpoint, or an event, as it leaves. */
export interface OutgoingRequest {
  readonly kind: RequestKind | typeof EVENT;
  readonly correlationId: string;
  /** Absent on events. */
  readonly endpoint?: string;
  /** The type of an event, if it has one. */
  readonly type?: string;
  /** Where the responses go; absent on one-way calls. */
  readonly replyTo?: ReplyAddress;
  /** Who sends it: `service/instance`. */
  readonly source: string;
  /** The time left for the call, in milliseconds; absent for no limit. */
  readonly timeoutMs?: number;
  /** Whether its caller reads records of several responses. Default: no. */
  readonly acceptsFrames?: boolean;
  /** The user's headers. */
  readonly headers: readonly HeaderEntry[];
  readonly payload: SerializedPayload;
}

/** A request as it arrived. The payload is not deserialized yet. */
export interface IncomingRequest {
  readonly kind: RequestKind;
  /** Opaque bytes, echoed as they came. Empty on one-way calls of foreign callers. */
  readonly correlationId: Buffer;
  readonly endpoint: string;
  readonly replyTo: AnswerAddress | undefined;
  readonly source: string | undefined;
  readonly timeoutMs: number | undefined;
  /** Whether its caller reads records of several responses. */
  readonly acceptsFrames: boolean;
  readonly headers: MessageHeaders;
  readonly payload: SerializedPayload;
}

const REPLY_TOPIC = new TextHeader(HEADER.replyTopic);
const REPLY_PARTITION = new TextHeader(HEADER.replyPartition);
const ENDPOINT = new TextHeader(HEADER.endpoint);
const TYPE = new TextHeader(HEADER.type);
const TIMEOUT_MS = new TextHeader(HEADER.timeoutMs);
const ACCEPTS_FRAMES = textHeader(HEADER.accept, FRAMES);

/** The record of a request or an event. */
export function encodeRequest(request: OutgoingRequest): WireRecord {
  const { replyTo, timeoutMs, endpoint, type, payload } = request;
  const headers: HeaderEntry[] = [textHeader(HEADER.correlationId, request.correlationId)];
  if (replyTo) pushAddress(headers, replyTo);
  headers.push(VERSION, KIND.of(request.kind));
  if (endpoint !== undefined) headers.push(ENDPOINT.of(endpoint));
  if (type !== undefined) headers.push(TYPE.of(type));
  headers.push(SOURCE.of(request.source));
  if (timeoutMs !== undefined) headers.push(TIMEOUT_MS.of(timeoutMs));
  if (request.acceptsFrames) headers.push(ACCEPTS_FRAMES);
  if (payload.contentType !== undefined) headers.push(CONTENT_TYPE.of(payload.contentType));
  for (const header of request.headers) headers.push(header);
  return { value: payload.bytes, headers };
}

function pushAddress(headers: HeaderEntry[], { topic, partition, state }: ReplyAddress): void {
  headers.push(REPLY_TOPIC.of(topic));
  if (partition !== undefined) headers.push(REPLY_PARTITION.of(partition));
  if (state) headers.push([HEADER.state, state]);
}

/**
 * Reads a record of a request topic, of ours or of a foreign caller (without `ac-version` and
 * `ac-kind`). Throws only {@link DecodeError}, with the address to answer where the record has one.
 *
 * `requestTopic` is where the record stands: responses may not go there, for they would be read as requests.
 */
export function decodeRequest(record: WireRecord, requestTopic?: string): IncomingRequest {
  const read = new HeaderReader(record);
  const replyTo = readReplyAddress(read, requestTopic);
  const correlationId = read.bytes(HEADER.correlationId);
  const answerable = replyTo && correlationId && { correlationId, replyTo };

  checkVersion(read, answerable);
  const kind = readKind(read, replyTo, answerable);
  if (kind === 'request' && !answerable) {
    throw new DecodeError(
      `A request needs both ${HEADER.correlationId} and ${HEADER.replyTopic}; ` +
        `${correlationId ? HEADER.replyTopic : HEADER.correlationId} is missing.`,
    );
  }
  const endpoint = read.text(HEADER.endpoint);
  if (!endpoint) throw new DecodeError(`The header ${HEADER.endpoint} is missing.`, answerable, BAD_REQUEST);
  return {
    kind,
    correlationId: correlationId ?? Buffer.alloc(0),
    endpoint,
    replyTo: kind === 'request' ? replyTo : undefined,
    source: read.text(HEADER.source),
    timeoutMs: readTimeout(read, answerable),
    acceptsFrames: acceptsFrames(read),
    headers: MessageHeaders.ofRecord(record.headers),
    payload: { bytes: record.value, contentType: read.text(HEADER.contentType, LIKELY_CONTENT_TYPES) },
  };
}

const KINDS: readonly RequestKind[] = ['request', 'one-way'];
function readKind(
  read: HeaderReader,
  replyTo: ReplyAddress | undefined,
  answerable: Answerable | undefined,
): RequestKind {
  const kind = read.text(HEADER.kind, KINDS) ?? (replyTo ? 'request' : 'one-way');
  if (kind === 'request' || kind === 'one-way') return kind;
  throw new DecodeError(
    kind === CANCEL
      ? `A "cancel" needs ${HEADER.version} and ${HEADER.correlationId}.`
      : `${HEADER.kind} is ${quoted(kind)}; a request topic takes "request", "one-way" and "cancel".`,
    answerable,
    BAD_REQUEST,
  );
}
