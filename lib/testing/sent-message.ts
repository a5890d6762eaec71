import type { ProducerRecord } from '../broker/record.js';
import { DEAD_LETTER_HEADER } from '../delivery/dead-letter.js';
import type { AsyncCallError } from '../errors/async-call-error.js';
import { AsyncCallError as CallError, messageOf } from '../errors/async-call-error.js';
import { isErrorCode } from '../errors/error-code.js';
import { cancelledRequestOf } from '../protocol/cancel.js';
import { decodeEvent } from '../protocol/event.js';
import { decodeResponses } from '../protocol/frames.js';
import { answeredCallOf } from '../protocol/handled-response.js';
import { HEADER } from '../protocol/header-names.js';
import { MessageHeaders } from '../protocol/message-headers.js';
import { decodeRequest } from '../protocol/request.js';
import { correlationIdOf, type IncomingResponse } from '../protocol/response.js';
import type { SerializedPayload, Serializer } from '../protocol/serializer.js';
import { headerOf } from '../protocol/wire-record.js';

/**
 * What a message is: a call that wants responses (`request`), one that does not (`one-way`), a fact (`event`), one value of an
 * answer (`response`), the good end of the answer (`end`), its bad end (`error`), a call that was given up (`cancel`), a
 * record that was put aside (`dead-letter`), or a record that is not of this library (`foreign`).
 */
export type MessageKind =
  'request' | 'one-way' | 'event' | 'response' | 'end' | 'error' | 'cancel' | 'dead-letter' | 'foreign';

/** A message that the broker has stored. */
export interface SentMessage {
  readonly kind: MessageKind;
  /** The service that has sent it. */
  readonly from: string;
  /** The service that it is for; on events and foreign records the topic. */
  readonly to: string;
  /** The endpoint that is called, or that answers; absent on events. */
  readonly endpoint?: string;
  /** The type of an event, if it has one. */
  readonly type?: string;
  /** What it carries, as its reader gets it; `undefined` if nothing. */
  readonly value: unknown;
  /** The place of a response in its stream, from 0; of `end` and `error` the number of values before. */
  readonly seq?: number;
  /** Of `error` and `dead-letter`: what went wrong. */
  readonly error?: AsyncCallError;
  /** The user's headers. */
  readonly headers: MessageHeaders;
  /** The partition key as text; `null` for none. */
  readonly key: string | null;
  /** Tells which request an answer belongs to; empty on foreign records. */
  readonly requestId: string;
  readonly topic: string;
  readonly partition: number;
  /** Milliseconds from the beginning of the test. */
  readonly atMs: number;
}

/** Who has sent a record, and how it is read. */
export interface SenderView {
  readonly service: string;
  readonly serializer: Serializer;
  readonly prefix: string;
}

/** The part of a message that its content decides. */
type Content = Pick<SentMessage, 'kind' | 'to' | 'value'> &
  Partial<Pick<SentMessage, 'endpoint' | 'type' | 'seq' | 'error'>>;

/** Reads what services send: requests are remembered, so that their answers can say what they answer. */
export class MessageReader {
  private readonly requests = new Map<string, Pick<SentMessage, 'from' | 'to' | 'endpoint'>>();

  /** The messages in a record; several if responses share it. */
  read(record: ProducerRecord, sender: SenderView, atMs: number): SentMessage[] {
    const { topic, partition, key } = record;
    const requestId = correlationIdOf(record)?.toString('utf8') ?? '';
    return this.contents(record, requestId, sender).map((content) => {
      const message: SentMessage = {
        ...content,
        from: sender.service,
        headers: MessageHeaders.ofRecord(record.headers),
        key: key && key.toString('utf8'),
        requestId,
        topic,
        partition,
        atMs,
      };
      if (isAnswerable(message)) this.requests.set(requestId, message);
      return message;
    });
  }

  private contents(record: ProducerRecord, requestId: string, sender: SenderView): Content[] {
    const name = record.topic.slice(sender.prefix.length);
    const [, service = name, role] =
      /^(.*)\.(requests|replies|responses|dead-letters)$/.exec(name) ?? ([] as string[]);
    try {
      if (role === 'requests') return [this.request(record, requestId, service, sender)];
      const known = this.requests.get(requestId)?.endpoint;
      if (role === 'replies') return answers(record, service, known, sender);
      // What comes to handlers says itself what it answers, for nobody need have seen the call.
      if (role === 'responses')
        return answers(record, service, known ?? answeredCallOf(record).endpoint, sender);
      if (role === 'dead-letters') return [deadLetter(record, service, sender)];
      return [event(record, name, sender)];
    } catch {
      return [{ kind: 'foreign', to: name, value: record.value }];
    }
  }

  private request(record: ProducerRecord, requestId: string, to: string, sender: SenderView): Content {
    if (cancelledRequestOf(record)) {
      return { kind: 'cancel', to, endpoint: this.requests.get(requestId)?.endpoint, value: undefined };
    }
    const { kind, endpoint, payload } = decodeRequest(record);
    return { kind, to, endpoint, value: valueOf(payload, sender) };
  }
}

function answers(
  record: ProducerRecord,
  to: string,
  endpoint: string | undefined,
  sender: SenderView,
): Content[] {
  return decodeResponses(record).flatMap((response) =>
    answer(response, sender).map((content) => ({ ...content, to, endpoint })),
  );
}

function isAnswerable({ kind, requestId }: SentMessage): boolean {
  return requestId !== '' && (kind === 'request' || kind === 'one-way' || kind === 'event');
}

/** The last value and the end may share a frame, or not: here they never do. */
function answer(response: IncomingResponse, sender: SenderView): Omit<Content, 'to'>[] {
  const { seq } = response;
  switch (response.kind) {
    case 'complete':
      return [{ kind: 'end', value: undefined, seq }];
    case 'error':
      return [{ kind: 'error', value: undefined, seq, error: response.error }];
    default: {
      const value = { kind: 'response', value: valueOf(response.payload, sender), seq } as const;
      return response.kind === 'next' ? [value] : [value, { kind: 'end', value: undefined, seq: seq + 1 }];
    }
  }
}

function deadLetter(record: ProducerRecord, to: string, sender: SenderView): Content {
  const text = (name: string) => headerOf(record, name)?.toString('utf8');
  const code = text(DEAD_LETTER_HEADER.code);
  const message = text(DEAD_LETTER_HEADER.message) ?? 'unknown';
  const error = new CallError(isErrorCode(code) ? code : 'internal', message);
  const endpoint = text(HEADER.endpoint);
  const payload = { bytes: record.value, contentType: text(HEADER.contentType) };
  return { kind: 'dead-letter', to, endpoint, value: valueOf(payload, sender), error };
}

function event(record: ProducerRecord, to: string, sender: SenderView): Content {
  if (headerOf(record, HEADER.kind) === undefined) return { kind: 'foreign', to, value: record.value };
  const { type, payload } = decodeEvent(record, record.topic);
  return { kind: 'event', to, type, value: valueOf(payload, sender) };
}

function valueOf(payload: SerializedPayload, { serializer }: SenderView): unknown {
  try {
    return serializer.deserialize(payload);
  } catch (error) {
    return `cannot be read: ${messageOf(error)}`;
  }
}
