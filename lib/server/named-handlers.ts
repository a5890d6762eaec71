import type { MessageHandler } from '@nestjs/microservices';
import type { HandlerExtras } from './declare-handler.js';
import type { EndpointOptions } from './endpoint-options.js';
import { declaredTwice, type Registered } from './registered.js';

/** Handlers of which there is one for each name. */
export class NamedHandlers<E extends EndpointOptions & HandlerExtras> {
  private readonly byName = new Map<string, Registered<E>>();

  constructor(
    private readonly describe: (name: string) => string,
    private readonly otherwise: string,
  ) {}

  /** What they are for. */
  get names(): string[] {
    return [...this.byName.keys()];
  }

  /** Whether any of them says how many of its messages run at once. */
  get areLimited(): boolean {
    return [...this.byName.values()].some(({ extras }) => extras.concurrency !== undefined);
  }

  handlerOf(name: string): MessageHandler | undefined {
    return this.byName.get(name)?.handler;
  }

  optionsOf(name: string): E | undefined {
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
