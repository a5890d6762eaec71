import { HEADER } from '../header-names.js';
import { HeaderReader } from '../header-reader.js';
import { type HeaderEntry, MessageHeaders } from '../message-headers.js';
import type { ReplyPlace } from '../reply-address.js';
import type { IncomingRequest } from '../request.js';
import { readReplyAddress } from '../request-headers.js';
import { textHeader } from '../text-header.js';
import type { WireRecord } from '../wire-record.js';
import type { NestPayload } from './nest-value.js';

/** A request to a handler of Nest's own Kafka transport, as it leaves. */
export interface OutgoingNestRequest {
  readonly correlationId: string;
  /** Where the responses go; absent on events. */
  readonly replyTo?: ReplyPlace;
  readonly headers: readonly HeaderEntry[];
  readonly payload: NestPayload;
}

/** The record of a request or an event, as Nest's own client writes it. */
export function encodeNestRequest({
  correlationId,
  replyTo,
  headers,
  payload,
}: OutgoingNestRequest): WireRecord {
  const all: HeaderEntry[] = [...headers, ...(payload.headers ?? [])];
  if (replyTo) {
    all.push(
      textHeader(HEADER.correlationId, correlationId),
      textHeader(HEADER.replyTopic, replyTo.topic),
      textHeader(HEADER.replyPartition, String(replyTo.partition)),
    );
  }
  return { value: payload.bytes, headers: all };
}

/** What a topic of Nest's is for. */
export interface NestTopicUse {
  readonly topic: string;
  /** The name of the endpoint that its records are for. */
  readonly endpoint: string;
  /** Whether its records are events: those are not answered, whatever their headers say. */
  readonly isEvent: boolean;
}

/**
 * Reads a record of a topic of Nest's own transport, of Nest's client or of whoever else writes it. One that does not
 * say where its responses go is one-way. Throws only {@link DecodeError}.
 */
export function decodeNestRequest(
  record: WireRecord,
  { topic, endpoint, isEvent }: NestTopicUse,
): IncomingRequest {
  const read = new HeaderReader(record);
  const correlationId = read.bytes(HEADER.correlationId) ?? Buffer.alloc(0);
  const replyTo = isEvent || correlationId.length === 0 ? undefined : readReplyAddress(read, topic);
  return {
    kind: replyTo ? 'request' : 'one-way',
    correlationId,
    endpoint,
    replyTo: replyTo && { ...replyTo, form: 'nest' },
    source: undefined,
    timeoutMs: undefined,
    acceptsFrames: false,
    headers: MessageHeaders.ofRecord(record.headers),
    payload: { bytes: record.value },
  };
}
