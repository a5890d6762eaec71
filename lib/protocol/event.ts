import { inspect } from 'node:util';
import { HEADER } from './header-names.js';
import { HeaderReader } from './header-reader.js';
import { MessageHeaders } from './message-headers.js';
import type { ReplyAddress } from './reply-address.js';
import { EVENT, type IncomingRequest } from './request.js';
import { acceptsFrames, checkVersion, readReplyAddress } from './request-headers.js';
import { LIKELY_CONTENT_TYPES } from './serializer.js';
import { isTopicName } from './topic-names.js';
import { headerOf, isText, type WireRecord } from './wire-record.js';

/** An event as it arrived. The payload is not deserialized yet. */
export interface IncomingEvent extends Omit<IncomingRequest, 'kind' | 'endpoint'> {
  /** Its type; `undefined` if it has none. */
  readonly type: string | undefined;
}

/** What is wrong with the name of an event topic; `undefined` if nothing. */
export function eventTopicFault(topic: unknown): string | undefined {
  if (typeof topic === 'string' && isTopicName(topic)) return undefined;
  return `${inspect(topic)} is not the name of a topic: it has 1 to 249 letters, digits, ".", "_" and "-"`;
}

/** What is wrong with the type of an event; `undefined` if nothing. */
export function eventTypeFault(type: unknown): string | undefined {
  if (typeof type === 'string' && type !== '') return undefined;
  return `${inspect(type)} is not the type of an event: write a text that is not empty`;
}

/**
 * Reads a record of an event topic, of ours or of a foreign publisher, without any header. Throws only {@link DecodeError}.
 *
 * Only an event that says that it is one may want responses: `kafka_replyTopic` on others may be left over from something else.
 */
export function decodeEvent(record: WireRecord, topic: string): IncomingEvent {
  const read = new HeaderReader(record);
  const replyTo = isEvent(record) ? readReplyAddress(read, topic) : undefined;
  const correlationId = read.bytes(HEADER.correlationId);
  const answerable = answerableOf(replyTo, correlationId);
  checkVersion(read, answerable);
  return {
    correlationId: correlationId ?? Buffer.alloc(0),
    type: typeOf(record),
    replyTo: answerable?.replyTo,
    source: read.text(HEADER.source),
    // A fact does not become less true: it is handled however late.
    timeoutMs: undefined,
    acceptsFrames: acceptsFrames(read),
    headers: MessageHeaders.ofRecord(record.headers),
    payload: { bytes: record.value, contentType: read.text(HEADER.contentType, LIKELY_CONTENT_TYPES) },
  };
}

/** The type of the event in a record; `undefined` if it has none. */
export function typeOf(record: WireRecord): string | undefined {
  return headerOf(record, HEADER.type)?.toString('utf8');
}

function isEvent(record: WireRecord): boolean {
  const kind = headerOf(record, HEADER.kind);
  return kind !== undefined && isText(kind, EVENT);
}

function answerableOf(replyTo: ReplyAddress | undefined, correlationId: Buffer | undefined) {
  return replyTo && correlationId?.length ? { correlationId, replyTo } : undefined;
}
