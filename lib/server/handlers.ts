import type { MessageHandler } from '@nestjs/microservices';
import { AsyncCallError } from '../errors/async-call-error.js';
import { normalizeEndpoint } from '../protocol/endpoint-address.js';
import type { EndpointExtras } from './async-endpoint.decorator.js';
import type { EndpointOptions } from './endpoint-options.js';
import { ambiguous, decoratorOf, type Pattern, PatternHandlers } from './pattern-handlers.js';
import type { Endpoints } from './request-kind.js';

/** A handler and what its decorator says of it. */
export interface Registered<E> {
  readonly handler: MessageHandler;
  readonly extras: E;
}

/** The handlers of one service. */
export class Handlers implements Endpoints {
  readonly endpoints: EndpointHandlers;
  readonly patterns: PatternHandlers;

  constructor(private readonly service: string) {
    this.endpoints = new EndpointHandlers(service);
    this.patterns = new PatternHandlers(service);
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

  /** See {@link EndpointHandlers.add}; no plain pattern may have that name, either. */
  addEndpoint(endpoint: string, handler: MessageHandler, extras: EndpointExtras): void {
    this.endpoints.add(endpoint, handler, extras);
    const pattern = this.patterns.names.find((name) => normalizeEndpoint(name) === endpoint);
    if (pattern !== undefined) this.refuse(endpoint, pattern);
  }

  /** See {@link PatternHandlers.add}; no endpoint may have that name, either. */
  addPattern(pattern: Pattern, handler: MessageHandler, isEvent: boolean): void {
    this.patterns.add(pattern, handler, isEvent);
    if (pattern instanceof RegExp) return;
    const endpoint = normalizeEndpoint(pattern);
    if (this.endpoints.handlerOf(endpoint)) this.refuse(endpoint, pattern);
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

/** Those of its endpoints. */
export class EndpointHandlers {
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

  optionsOf(endpoint: string): EndpointExtras | undefined {
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
