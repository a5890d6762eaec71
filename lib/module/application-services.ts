import type { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { AsyncCallError } from '../errors/async-call-error.js';
import { LastResortFilter } from '../server/last-resort.filter.js';

/** The services that live in one Nest application; most have one. */
export class ApplicationServices {
  private static readonly known = new WeakMap<ModulesContainer, ApplicationServices>();
  private readonly services = new Map<string, boolean>();

  /** Those of the application that the container belongs to. */
  static of(modules: ModulesContainer): ApplicationServices {
    let services = this.known.get(modules);
    if (!services) {
      services = new ApplicationServices();
      this.known.set(modules, services);
    }
    return services;
  }

  /** Their names. */
  get names(): string[] {
    return [...this.services.keys()];
  }

  /**
   * Takes a service in. Throws `invalid-argument` for a name that is there already, and where it would not be
   * clear whose client is injected.
   */
  add(service: string, isGlobal: boolean, config: ApplicationConfig, http: HttpAdapterHost): void {
    if (this.services.has(service)) {
      throw new AsyncCallError(
        'invalid-argument',
        `AsyncCallsModule is imported twice for the service "${service}". Import it once, ` +
          'or keep the dynamic module in a constant and import that.',
      );
    }
    // Filters are tried from the last to the first. Those of the application come later: this one stays behind.
    if (this.services.size === 0) config.addGlobalFilter(new LastResortFilter(http));
    this.services.set(service, isGlobal);
    if (this.services.size > 1 && [...this.services.values()].includes(true)) {
      throw new AsyncCallError(
        'invalid-argument',
        `This application has several services (${this.names.join(', ')}). Import each AsyncCallsModule with ` +
          '{ isGlobal: false } in the modules that belong to it.',
      );
    }
  }
}
