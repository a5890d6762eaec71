import {
  type DynamicModule,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DISTANCE, placeInOrder } from '../module/module-order.js';
import { ApplicationHealth } from './application-health.js';
import type { AsyncCallsHealthExtras, AsyncCallsHealthOptions, ProbePaths } from './health-options.js';
import { probeController } from './probe-controller.js';
import { resolvePaths } from './probe-paths.js';
import { type ProbingAsyncOptions, ProbingModule } from './probing.module.js';

/**
 * Answers an orchestrator's probes, `livez`, `readyz` and `startupz`, for the services of an application: by its own
 * HTTP server, or at a port that is only there for that. Import it in the root module:
 * `AsyncCallsHealthModule.forRoot({ server: { port: 8081 } })`.
 *
 * Probes are answered with 200 or 503, and why, from the state of the consumers that work. They open no connection and
 * send no request to the broker. `readyz` is answered with 503 from the very beginning of a shutdown.
 *
 * Provides {@link AsyncCallsHealthIndicator} for checks of one's own.
 */
@Module({})
export class AsyncCallsHealthModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly application: ApplicationHealth,
    modules: ModulesContainer,
  ) {
    placeInOrder(modules, AsyncCallsHealthModule, DISTANCE.announcesShutdown);
  }

  /** Throws `invalid-argument`, at the start, for options that are wrong, with all their faults. */
  static forRoot(options: AsyncCallsHealthOptions & AsyncCallsHealthExtras = {}): DynamicModule {
    const { routes, paths, ...probing } = options;
    return moduleAround(ProbingModule.forRoot({ ...probing, paths }), { routes, paths });
  }

  /** The same with options that a factory makes, e.g. `checks` of indicators that it injects. */
  static forRootAsync(options: AsyncCallsHealthAsyncOptions): DynamicModule {
    const { routes, paths, ...probing } = options;
    return moduleAround(ProbingModule.forRootAsync({ ...probing, paths }), { routes, paths });
  }

  /** Nest calls this last of all at the start. */
  onApplicationBootstrap(): void {
    this.application.bootstrapped();
  }

  /** Nest calls this first of all when the application closes. */
  async onModuleDestroy(): Promise<void> {
    await this.application.shutsDown();
  }
}

/** What {@link AsyncCallsHealthModule.forRootAsync} takes. */
export type AsyncCallsHealthAsyncOptions = Omit<ProbingAsyncOptions, keyof AsyncCallsHealthExtras> &
  AsyncCallsHealthExtras;

function moduleAround(
  probing: DynamicModule,
  { routes = true, paths }: { routes?: boolean; paths?: ProbePaths },
): DynamicModule {
  return {
    module: AsyncCallsHealthModule,
    global: true,
    imports: [probing],
    controllers: routes ? [probeController(resolvePaths(paths))] : [],
    exports: [probing],
  };
}
