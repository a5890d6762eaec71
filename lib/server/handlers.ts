import type { MessageHandler } from '@nestjs/microservices';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { EndpointExtras } from './async-endpoint.decorator.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { Endpoints } from './request-kind.js';

/** A handler and what its decorator says of it. */
export interface Registered<E> {
  readonly handler: MessageHandler;
  readonly extras: E;
}

/** The handlers of one service. */
export class Handlers {
  readonly endpoints: EndpointHandlers;

  constructor(service: string) {
    this.endpoints = new EndpointHandlers(service);
  }
}

/** Those of its endpoints. */
export class EndpointHandlers implements Endpoints {
  private readonly byName = new Map<string, Registered<EndpointExtras>>();

  constructor(private readonly service: string) {}

  /** The names of the endpoints. */
  get names(): string[] {
    return [...this.byName.keys()];
  }

  get areLimited(): boolean {
    return [...this.byName.values()].some(({ extras }) => extras.concurrency !== undefined);
  }

  handlerOf(endpoint: string): MessageHandler | undefined {
    return this.byName.get(endpoint)?.handler;
  }

  optionsOf(endpoint: string): EndpointOptions | undefined {
    return this.byName.get(endpoint)?.extras;
  }

  /** Throws `invalid-argument` if there is an endpoint of that name already. */
  add(endpoint: string, handler: MessageHandler, extras: EndpointExtras): void {
    const { declaredBy } = extras;
    const existing = this.byName.get(endpoint)?.extras.declaredBy;
    if (existing !== undefined) {
      throw declaredTwice(
        `The endpoint "${endpoint}" of the service "${this.service}"`,
        [existing, declaredBy],
        'Give one of them another name.',
      );
    }
    this.byName.set(endpoint, { handler, extras });
  }
}

/** What two handlers of one thing are refused with. */
export function declaredTwice(
  what: string,
  [first, second]: readonly [string, string],
  otherwise: string,
): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    first === second
      ? `${what} is declared twice, both times by ${first}. Call connectAsyncCalls once, and list the controller in one module.`
      : `${what} is declared twice: by ${first} and by ${second}. ${otherwise}`,
  );
}
