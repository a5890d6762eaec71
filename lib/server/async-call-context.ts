import { type AttemptDelivery, deadlineOf } from '../delivery/delivery.js';
import { type MessageSource, parseSource } from '../protocol/source.js';
import { MessageContext } from './message-context.js';

/** Who sent a request. */
export type Caller = MessageSource;

/** What a handler may know of the request it serves, beside its data. Get it by Nest's `@Ctx()`. */
export class AsyncCallContext extends MessageContext {
  /** The request's id, chosen by the caller; the same for every delivery of the request. */
  readonly requestId: string;
  /** The endpoint's name, e.g. `/show-me-the-money`. */
  readonly endpoint: string;
  /** Who called; `undefined` if a foreign caller does not say. */
  readonly caller: Caller | undefined;
  /** When the caller stops waiting; `undefined` if it waits for ever. By the broker's clock or the caller's. */
  readonly deadline: Date | undefined;
  /** Whether nobody waits for responses. What the handler emits then goes nowhere. */
  readonly oneWay: boolean;

  constructor(delivery: AttemptDelivery) {
    super(delivery);
    const { request } = delivery;
    this.requestId = request.correlationId.toString('utf8');
    this.endpoint = request.endpoint;
    this.caller = parseSource(request.source);
    this.deadline = request.timeoutMs === undefined ? undefined : new Date(deadlineOf(delivery));
    this.oneWay = request.kind === 'one-way';
  }
}
