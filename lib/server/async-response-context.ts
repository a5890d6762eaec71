import type { AttemptDelivery } from '../delivery/delivery.js';
import type { HandledResponse } from '../protocol/handled-response.js';
import { parseSource } from '../protocol/source.js';
import { MessageContext } from './message-context.js';

/** What a handler of responses may know of the response, beside its data. Get it by Nest's `@Ctx()`. */
export class AsyncResponseContext extends MessageContext {
  /** The id of the request that is answered. */
  readonly requestId: string;
  /** The service that was called. */
  readonly service: string;
  /** The endpoint that was called, e.g. `/show-me-the-money`. */
  readonly endpoint: string;
  /** The instance that has answered; `undefined` if it does not say. */
  readonly instance: string | undefined;

  constructor(delivery: AttemptDelivery, { correlationId, call, source }: HandledResponse) {
    super(delivery);
    this.requestId = correlationId.toString('utf8');
    this.service = call.service;
    this.endpoint = call.endpoint;
    this.instance = parseSource(source)?.instance;
  }
}
