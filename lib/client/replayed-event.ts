import type { ConsumerRecord } from '../broker/record.js';
import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import { HEADER } from '../protocol/header-names.js';
import { HeaderReader } from '../protocol/header-reader.js';
import { MessageHeaders } from '../protocol/message-headers.js';
import { checkVersion } from '../protocol/request-headers.js';
import type { Serializer } from '../protocol/serializer.js';
import { type MessageSource, parseSource } from '../protocol/source.js';

/** An event that was published earlier. */
export class ReplayedEvent<T = unknown> {
  /** The event's id, chosen by its publisher; empty if a foreign publisher gives it none. */
  readonly id: string;
  /** Its type; `undefined` if it has none. */
  readonly type: string | undefined;
  /** Who published it; `undefined` if a foreign publisher does not say. */
  readonly publisher: MessageSource | undefined;
  /** When it was published. */
  readonly publishedAt: Date;
  /** The partition key as text; `undefined` if it has none. */
  readonly key: string | undefined;
  /** The publisher's own headers. */
  readonly headers: MessageHeaders;
  private readonly read: HeaderReader;

  constructor(
    /** The record as the broker stored it: its place, time and bytes. */
    readonly record: ConsumerRecord,
    private readonly serializer: Serializer,
  ) {
    const read = new HeaderReader(record);
    this.read = read;
    this.id = read.text(HEADER.correlationId) ?? '';
    this.type = read.text(HEADER.type);
    this.publisher = parseSource(read.text(HEADER.source));
    this.publishedAt = new Date(record.timestamp);
    this.key = record.key?.toString('utf8');
    this.headers = MessageHeaders.ofRecord(record.headers);
  }

  /** Its data. Throws `bad-request` if it cannot be read: one such event does not keep the others from being replayed. */
  get value(): T {
    const { topic, partition, offset, value: bytes } = this.record;
    try {
      checkVersion(this.read, undefined);
      return this.serializer.deserialize({ bytes, contentType: this.read.text(HEADER.contentType) }) as T;
    } catch (error) {
      throw new AsyncCallError(
        'bad-request',
        `The event at ${topic}[${partition}]@${offset} cannot be read: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
}
