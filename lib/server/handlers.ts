import type { MessageHandler } from '@nestjs/microservices';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { EndpointExtras } from './async-endpoint.decorator.js';
import type { ResponseExtras } from './async-response.decorator.js';
import type { EndpointOptions } from './endpoint-options.js';

/** A handler and what its decorator says of it. */
export interface Registered<E> {
  readonly handler: MessageHandler;
  readonly extras: E;
}

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
}

/** Handlers of which there is one for each name. */
export class NamedHandlers<E extends EndpointOptions & { readonly declaredBy: string }> {
  private readonly byName = new Map<string, Registered<E>>();

  constructor(
    private readonly describe: (name: string) => string,
    private readonly otherwise: string,
  ) {}

  /** What they are for. */
  get names(): string[] {
    return [...this.byName.keys()];
  }

  get areLimited(): boolean {
    return [...this.byName.values()].some(({ extras }) => extras.concurrency !== undefined);
  }

  handlerOf(name: string): MessageHandler | undefined {
    return this.byName.get(name)?.handler;
  }

  optionsOf(name: string): EndpointOptions | undefined {
    return this.byName.get(name)?.extras;
  }

  /** Throws `invalid-argument` if there is one of that name already. */
  add(name: string, handler: MessageHandler, extras: E): void {
    const { declaredBy } = extras;
    const existing = this.byName.get(name)?.extras.declaredBy;
    if (existing !== undefined) {
      throw declaredTwice(this.describe(name), [existing, declaredBy], this.otherwise);
    }
    this.byName.set(name, { handler, extras });
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
