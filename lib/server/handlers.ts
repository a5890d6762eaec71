import type { MessageHandler } from '@nestjs/microservices';
import type { TopicNames } from '../protocol/topic-names.js';
import { normalizeEndpoint } from '../protocol/endpoint-address.js';
import type { EndpointExtras } from './async-endpoint.decorator.js';
import type { EventExtras } from './async-event.decorator.js';
import type { ResponseExtras } from './async-response.decorator.js';
import { checkedHandler, checkedSubscriber } from './checked-handler.js';
import type { EndpointOptions } from './endpoint-options.js';
import { EventHandlers } from './event-handlers.js';
import { NamedHandlers } from './named-handlers.js';
import { ambiguous, decoratorOf, type Pattern, PatternHandlers } from './pattern-handlers.js';
import type { Endpoints } from './request-kind.js';

/** What any decorator of this library leaves for the server. */
export type AnyExtras = EndpointExtras | EventExtras | ResponseExtras;

/** The handlers of one service. */
export class Handlers implements Endpoints {
  /** Those of its endpoints, by their names. */
  private readonly endpoints: NamedHandlers<EndpointExtras>;
  /** Those that were declared for every transport. */
  readonly patterns: PatternHandlers;
  /** Those of responses to its calls, by `service/endpoint` of the calls. */
  readonly responses: NamedHandlers<ResponseExtras>;
  readonly events: EventHandlers;

  constructor(
    private readonly service: string,
    topicNames: TopicNames,
  ) {
    this.endpoints = new NamedHandlers(
      (name) => `The endpoint "${name}" of the service "${service}"`,
      'Give one of them another name.',
    );
    this.patterns = new PatternHandlers(service);
    this.responses = new NamedHandlers(
      (call) => `The handler of the responses of "${call}" in the service "${service}"`,
      'Let one of them call the other.',
    );
    this.events = new EventHandlers(service, topicNames);
  }

  /** The names of all endpoints, and the patterns, for people. */
  get names(): string[] {
    return [...this.endpoints.names, ...this.patterns.declared];
  }

  get areLimited(): boolean {
    return this.endpoints.areLimited;
  }

  handlerOf(endpoint: string): MessageHandler | undefined {
    return this.endpoints.handlerOf(endpoint) ?? this.patterns.handlerOf(endpoint);
  }

  optionsOf(endpoint: string): EndpointOptions | undefined {
    return this.endpoints.optionsOf(endpoint);
  }

  isPattern(endpoint: string): boolean {
    return (
      this.endpoints.handlerOf(endpoint) === undefined && this.patterns.handlerOf(endpoint) !== undefined
    );
  }

  /** See {@link PatternHandlers.add}; no endpoint may have that name, either. */
  addPattern(pattern: Pattern, handler: MessageHandler, isEvent: boolean): void {
    this.patterns.add(pattern, handler, isEvent);
    if (pattern instanceof RegExp) return;
    const endpoint = normalizeEndpoint(pattern);
    if (this.endpoints.handlerOf(endpoint)) this.refuse(endpoint, pattern);
  }

  /**
   * Takes a handler, and puts it behind the schemas of its contract. Returns what is to be called. Throws
   * `invalid-argument` if it cannot be told from another one.
   */
  add(pattern: string, handler: MessageHandler, extras: AnyExtras): MessageHandler {
    const checked = behindContract(handler, extras);
    switch (extras.kind) {
      case 'endpoint':
        this.addEndpoint(pattern, checked, extras);
        break;
      case 'response':
        this.responses.add(extras.of, checked, extras);
        break;
      case 'event':
        this.events.add(checked, extras);
    }
    return checked;
  }

  private addEndpoint(endpoint: string, handler: MessageHandler, extras: EndpointExtras): void {
    this.endpoints.add(endpoint, handler, extras);
    const pattern = this.patterns.names.find((name) => normalizeEndpoint(name) === endpoint);
    if (pattern !== undefined) this.refuse(endpoint, pattern);
  }

  private refuse(endpoint: string, pattern: string): never {
    const { declaredBy } = this.endpoints.optionsOf(endpoint) ?? {};
    const isEvent = this.patterns.isEvent(endpoint);
    throw ambiguous(
      this.service,
      `the endpoint "${endpoint}" (${declaredBy})`,
      decoratorOf(pattern, isEvent),
    );
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
