import type { MessageHandler } from '@nestjs/microservices';
import type { EndpointExtras } from './async-endpoint.decorator.js';
import type { ResponseExtras } from './async-response.decorator.js';
import { NamedHandlers } from './named-handlers.js';

/** What any decorator of this library leaves for the server. */
export type AnyExtras = EndpointExtras | ResponseExtras;

/** The handlers of one service. */
export class Handlers {
  /** Those of its endpoints, by their names. */
  readonly endpoints: NamedHandlers<EndpointExtras>;
  /** Those of responses to its calls, by `service/endpoint` of the calls. */
  readonly responses: NamedHandlers<ResponseExtras>;

  constructor(service: string) {
    this.endpoints = new NamedHandlers(
      (name) => `The endpoint "${name}" of the service "${service}"`,
      'Give one of them another name.',
    );
    this.responses = new NamedHandlers(
      (call) => `The handler of the responses of "${call}" in the service "${service}"`,
      'Let one of them call the other.',
    );
  }

  /** Throws `invalid-argument` if it cannot be told from another one. */
  add(pattern: string, handler: MessageHandler, extras: AnyExtras): void {
    switch (extras.kind) {
      case 'endpoint':
        return this.endpoints.add(pattern, handler, extras);
      case 'response':
        return this.responses.add(extras.of, handler, extras);
    }
  }
}
