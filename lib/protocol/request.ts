import type { AsyncCallError } from '../errors/async-call-error.js';
import { CANCEL } from './cancel.js';
import { CONTENT_TYPE, KIND, SOURCE, VERSION } from './common-headers.js';
import { DecodeError, type Answerable } from './decode-error.js';
import { FRAMES } from './frames.js';
import { HEADER, PROTOCOL_VERSION } from './header-names.js';
import { HeaderReader, parseCount } from './header-reader.js';
import { MessageHeaders, type HeaderEntry } from './message-headers.js';
import { quoted } from './quoted.js';
import type { AnswerAddress, ReplyAddress } from './reply-address.js';
import { LIKELY_CONTENT_TYPES, type SerializedPayload } from './serializer.js';
import { TextHeader, textHeader } from './text-header.js';
import { isTopicName } from './topic-names.js';
import type { WireRecord } from './wire-record.js';

/** `request` wants responses, `one-way` does not. */
export type RequestKind = 'request' | 'one-way';

/** A request to an endpoint, as it leaves. */
export interface OutgoingRequest {
  readonly kind: RequestKind;
  readonly correlationId: string;
  readonly endpoint: string;
  /** Where the responses go; absent on one-way calls. */
  readonly replyTo?: Required<ReplyAddress>;
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
const TIMEOUT_MS = new TextHeader(HEADER.timeoutMs);
const ACCEPTS_FRAMES = textHeader(HEADER.accept, FRAMES);

/** The record of a request. */
export function encodeRequest(request: OutgoingRequest): WireRecord {
  const { replyTo, timeoutMs, payload } = request;
  const headers: HeaderEntry[] = [textHeader(HEADER.correlationId, request.correlationId)];
  if (replyTo) headers.push(REPLY_TOPIC.of(replyTo.topic), REPLY_PARTITION.of(replyTo.partition));
  headers.push(VERSION, KIND.of(request.kind), ENDPOINT.of(request.endpoint), SOURCE.of(request.source));
  if (timeoutMs !== undefined) headers.push(TIMEOUT_MS.of(timeoutMs));
  if (request.acceptsFrames) headers.push(ACCEPTS_FRAMES);
  if (payload.contentType !== undefined) headers.push(CONTENT_TYPE.of(payload.contentType));
  for (const header of request.headers) headers.push(header);
  return { value: payload.bytes, headers };
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

  const kind = readKind(read, replyTo, answerable);
  if (kind === 'request' && !answerable) {
    throw new DecodeError(
      `A request needs both ${HEADER.correlationId} and ${HEADER.replyTopic}; ` +
        `${correlationId ? HEADER.replyTopic : HEADER.correlationId} is missing.`,
    );
  }
  const endpoint = read.text(HEADER.endpoint);
  if (!endpoint) throw new DecodeError(`The header ${HEADER.endpoint} is missing.`, answerable, BAD_REQUEST);
  const timeoutMs = read.count(HEADER.timeoutMs);
  if (Number.isNaN(timeoutMs)) {
    throw new DecodeError(`${HEADER.timeoutMs} is not a whole number.`, answerable, BAD_REQUEST);
  }
  return {
    kind,
    correlationId: correlationId ?? Buffer.alloc(0),
    endpoint,
    replyTo: kind === 'request' ? replyTo : undefined,
    source: read.text(HEADER.source),
    timeoutMs,
    acceptsFrames: acceptsFrames(read),
    headers: MessageHeaders.ofRecord(record.headers),
    payload: { bytes: record.value, contentType: read.text(HEADER.contentType, LIKELY_CONTENT_TYPES) },
  };
}

const VERSIONS = [PROTOCOL_VERSION];
const LIKELY_ACCEPTED = [FRAMES];
const KINDS: readonly RequestKind[] = ['request', 'one-way'];
const BAD_REQUEST: { readonly code: AsyncCallError['code'] } = { code: 'bad-request' };

function readKind(
  read: HeaderReader,
  replyTo: ReplyAddress | undefined,
  answerable: Answerable | undefined,
): RequestKind {
  const version = read.text(HEADER.version, VERSIONS);
  if (version !== undefined && version !== PROTOCOL_VERSION) {
    throw new DecodeError(
      `${HEADER.version} is ${quoted(version)}; this service reads version ${PROTOCOL_VERSION}.`,
      answerable,
      BAD_REQUEST,
    );
  }
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

/** What the caller reads beyond what every caller reads: words with commas between them. */
function acceptsFrames(read: HeaderReader): boolean {
  const accepted = read.text(HEADER.accept, LIKELY_ACCEPTED);
  if (accepted === undefined || accepted === FRAMES) return accepted === FRAMES;
  return accepted.split(',').some((word) => word.trim() === FRAMES);
}

/** Where the headers say that responses go; `undefined` if they do not. Throws {@link DecodeError}. */
export function readReplyAddress(
  read: HeaderReader,
  requestTopic: string | undefined,
): ReplyAddress | undefined {
  const topic = read.text(HEADER.replyTopic);
  if (!topic) return undefined;
  if (!isTopicName(topic))
    throw new DecodeError(`${HEADER.replyTopic} is ${quoted(topic)}: no name of a topic.`);
  if (topic === requestTopic)
    throw new DecodeError(`${HEADER.replyTopic} is the topic of requests, ${quoted(topic)}.`);
  const partition = read.bytes(HEADER.replyPartition);
  return partition === undefined ? { topic } : { topic, partition: readPartition(partition) };
}

/** Decimal text, or the 4-byte big-endian integer that Spring writes; "1234" is text: it is never both. */
function readPartition(bytes: Buffer): number {
  const decimal = parseCount(bytes, 9);
  if (!Number.isNaN(decimal)) return decimal;
  if (bytes.length === 4 && bytes.readInt32BE() >= 0) return bytes.readInt32BE();
  throw new DecodeError(`${HEADER.replyPartition} is not a partition number.`);
}
