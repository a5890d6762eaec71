import type { MessageHandler } from '@nestjs/microservices';
import type { EndpointExtras } from './async-endpoint.decorator.js';
import type { EndpointOptions } from './endpoint-options.js';
import { declaredTwice, type Registered } from './registered.js';
import type { Endpoints } from './request-kind.js';

/** The handlers of the endpoints of one service. */
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
