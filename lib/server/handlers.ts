import type { MessageHandler } from '@nestjs/microservices';
import type { TopicNames } from '../protocol/topic-names.js';
import type { EndpointExtras } from './async-endpoint.decorator.js';
import type { EventExtras } from './async-event.decorator.js';
import type { ResponseExtras } from './async-response.decorator.js';
import { checkedHandler, checkedSubscriber } from './checked-handler.js';
import { EventHandlers } from './event-handlers.js';
import { NamedHandlers } from './named-handlers.js';

/** What any decorator of this library leaves for the server. */
export type AnyExtras = EndpointExtras | EventExtras | ResponseExtras;

/** The handlers of one service. */
export class Handlers {
  /** Those of its endpoints, by their names. */
  readonly endpoints: NamedHandlers<EndpointExtras>;
  /** Those of responses to its calls, by `service/endpoint` of the calls. */
  readonly responses: NamedHandlers<ResponseExtras>;
  readonly events: EventHandlers;

  constructor(service: string, topicNames: TopicNames) {
    this.endpoints = new NamedHandlers(
      (name) => `The endpoint "${name}" of the service "${service}"`,
      'Give one of them another name.',
    );
    this.responses = new NamedHandlers(
      (call) => `The handler of the responses of "${call}" in the service "${service}"`,
      'Let one of them call the other.',
    );
    this.events = new EventHandlers(service, topicNames);
  }

  /**
   * Takes a handler, and puts it behind the schemas of its contract. Returns what is to be called. Throws
   * `invalid-argument` if it cannot be told from another one.
   */
  add(pattern: string, handler: MessageHandler, extras: AnyExtras): MessageHandler {
    const checked = behindContract(handler, extras);
    switch (extras.kind) {
      case 'endpoint':
        this.endpoints.add(pattern, checked, extras);
        break;
      case 'response':
        this.responses.add(extras.of, checked, extras);
        break;
      case 'event':
        this.events.add(checked, extras);
    }
    return checked;
  }
}

function behindContract(handler: MessageHandler, extras: AnyExtras): MessageHandler {
  switch (extras.kind) {
    case 'endpoint':
      return extras.contract ? checkedHandler(handler, extras.contract) : handler;
    case 'response':
      return handler;
    case 'event':
      // The events of a batch are checked one by one, before they come together.
      return extras.contract && !extras.batch ? checkedSubscriber(handler, extras.contract) : handler;
  }
}
