import type { MessageHandler } from '@nestjs/microservices';
import type { TopicNames } from '../protocol/topic-names.js';
import type { EndpointExtras } from './async-endpoint.decorator.js';
import type { EventExtras } from './async-event.decorator.js';
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

  /** Throws `invalid-argument` if it cannot be told from another one. */
  add(pattern: string, handler: MessageHandler, extras: AnyExtras): void {
    switch (extras.kind) {
      case 'endpoint':
        return this.endpoints.add(pattern, handler, extras);
      case 'event':
        return this.events.add(handler, extras);
    }
  }
}
