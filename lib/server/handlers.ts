import type { MessageHandler } from '@nestjs/microservices';
import type { TopicNames } from '../protocol/topic-names.js';
import type { EndpointExtras } from './async-endpoint.decorator.js';
import type { EventExtras } from './async-event.decorator.js';
import { checkedHandler, checkedSubscriber } from './checked-handler.js';
import { EndpointHandlers } from './endpoint-handlers.js';
import { EventHandlers } from './event-handlers.js';

/** What any decorator of this library leaves for the server. */
export type AnyExtras = EndpointExtras | EventExtras;

/** The handlers of one service. */
export class Handlers {
  readonly endpoints: EndpointHandlers;
  readonly events: EventHandlers;

  constructor(service: string, topicNames: TopicNames) {
    this.endpoints = new EndpointHandlers(service);
    this.events = new EventHandlers(service, topicNames);
  }

  /**
   * Takes a handler, and puts it behind the schemas of its contract. Returns what is to be called. Throws
   * `invalid-argument` if it cannot be told from another one.
   */
  add(pattern: string, handler: MessageHandler, extras: AnyExtras): MessageHandler {
    const checked = behindContract(handler, extras);
    if (extras.kind === 'endpoint') this.endpoints.add(pattern, checked, extras);
    else this.events.add(checked, extras);
    return checked;
  }
}

function behindContract(handler: MessageHandler, extras: AnyExtras): MessageHandler {
  if (extras.kind === 'endpoint') return extras.contract ? checkedHandler(handler, extras.contract) : handler;
  // The events of a batch are checked one by one, before they come together.
  return extras.contract && !extras.batch ? checkedSubscriber(handler, extras.contract) : handler;
}
