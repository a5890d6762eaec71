import type { AttemptDelivery } from '../delivery/delivery.js';
import { typeOf } from '../protocol/event.js';
import { type MessageSource, parseSource } from '../protocol/source.js';
import { MessageContext } from './message-context.js';

/** What a handler may know of the event it is called for, beside its data. Get it by Nest's `@Ctx()`. */
export class AsyncEventContext extends MessageContext {
  /** The event's id, chosen by its publisher; empty if a foreign publisher gives it none. */
  readonly eventId: string;
  /** The topic that it was published to, with its prefix. */
  readonly topic: string;
  /** Its type; `undefined` if it has none. */
  readonly type: string | undefined;
  /** Who published it; `undefined` if a foreign publisher does not say. */
  readonly publisher: MessageSource | undefined;
  /** When it was published. */
  readonly publishedAt: Date;

  constructor(delivery: AttemptDelivery) {
    super(delivery);
    const { request, record } = delivery;
    this.eventId = request.correlationId.toString('utf8');
    this.topic = record.topic;
    this.type = typeOf(record);
    this.publisher = parseSource(request.source);
    this.publishedAt = new Date(record.timestamp);
  }
}
