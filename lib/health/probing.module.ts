import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DISTANCE, placeInOrder } from '../module/module-order.js';
import { ASYNC_CALLS_SURROUNDINGS, SYSTEM_SURROUNDINGS } from '../module/surroundings.js';
import { ApplicationHealth } from './application-health.js';
import { AsyncCallsHealthIndicator } from './async-calls-health.indicator.js';
import type { AsyncCallsHealthOptions, ProbePaths } from './health-options.js';
import { HealthProbes } from './health-probes.js';
import { resolvePaths } from './probe-paths.js';
import { PROBE_PATHS, ProbeServer } from './probe-server.js';
import { RESOLVED_HEALTH_OPTIONS, resolveHealthOptions } from './resolve-health-options.js';
import { Supervisor } from './supervisor.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<AsyncCallsHealthOptions>({ moduleName: 'AsyncCallsHealth' })
    .setClassMethodName('forRoot')
    .setExtras<{ paths?: ProbePaths }>({ paths: undefined }, (definition, { paths }) => ({
      ...definition,
      providers: [
        ...(definition.providers ?? []),
        { provide: PROBE_PATHS, useFactory: () => resolvePaths(paths) },
      ],
    }))
    .build();

/** What answers probes: there before anything else of the application, and gone after everything else. */
@Module({
  providers: [
    { provide: ASYNC_CALLS_SURROUNDINGS, useValue: SYSTEM_SURROUNDINGS },
    { provide: RESOLVED_HEALTH_OPTIONS, useFactory: resolveHealthOptions, inject: [MODULE_OPTIONS_TOKEN] },
    ApplicationHealth,
    AsyncCallsHealthIndicator,
    HealthProbes,
    ProbeServer,
    Supervisor,
  ],
  exports: [ApplicationHealth, AsyncCallsHealthIndicator, HealthProbes, ProbeServer],
})
export class ProbingModule extends ConfigurableModuleClass {
  constructor(modules: ModulesContainer) {
    super();
    placeInOrder(modules, ProbingModule, DISTANCE.outlivesAll);
  }
}

/** What {@link ProbingModule} takes whose options are made by a factory. */
export type ProbingAsyncOptions = Parameters<typeof ConfigurableModuleClass.forRootAsync>[0];
