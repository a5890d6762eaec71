import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { AsyncCallsClient } from '../client/async-calls-client.js';
import { AsyncCallsServer } from '../server/async-calls-server.js';
import type { AsyncCallsOptions } from './async-calls-options.js';
import { ApplicationServices } from './application-services.js';
import { DISTANCE, placeInOrder } from './module-order.js';
import { type ResolvedOptions, resolveOptions } from './resolve-options.js';
import { ASYNC_CALLS_SURROUNDINGS, SYSTEM_SURROUNDINGS } from './surroundings.js';

const RESOLVED_OPTIONS = Symbol('nestjs-async-calls: resolved options');
const IS_GLOBAL = Symbol('nestjs-async-calls: is global');

/** What may be said beside the options, also with `forRootAsync`. */
export interface AsyncCallsModuleExtras {
  /**
   * Whether the client can be injected everywhere. Default true. `false` where one application has several
   * services: then each is imported by the modules that belong to it.
   */
  readonly isGlobal?: boolean;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<AsyncCallsOptions>({
  moduleName: 'AsyncCalls',
})
  .setClassMethodName('forRoot')
  .setExtras<AsyncCallsModuleExtras>({ isGlobal: true }, (definition, { isGlobal }) => ({
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), { provide: IS_GLOBAL, useValue: isGlobal }],
  }))
  .build();

/**
 * Makes an application a service: `AsyncCallsModule.forRoot({ service: 'a-money-broker', broker: memory() })`.
 *
 * Provides {@link AsyncCallsClient}, to call other services, and {@link AsyncCallsServer}, which serves the
 * endpoints of the application once it is connected; see {@link connectAsyncCalls}.
 *
 * When the application is closed, the server is drained before any `onModuleDestroy` of the application runs: what
 * handlers need is still there. The client is closed after every `beforeApplicationShutdown`.
 */
@Module({
  providers: [
    { provide: ASYNC_CALLS_SURROUNDINGS, useValue: SYSTEM_SURROUNDINGS },
    {
      provide: RESOLVED_OPTIONS,
      useFactory: resolveOptions,
      inject: [MODULE_OPTIONS_TOKEN, ASYNC_CALLS_SURROUNDINGS],
    },
    {
      provide: AsyncCallsClient,
      useFactory: ({ client }: ResolvedOptions) => new AsyncCallsClient(client),
      inject: [RESOLVED_OPTIONS],
    },
    {
      provide: AsyncCallsServer,
      useFactory: ({ server }: ResolvedOptions, modules: ModulesContainer) =>
        new AsyncCallsServer({
          ...server,
          servicesOfApplication: () => ApplicationServices.of(modules).names,
        }),
      inject: [RESOLVED_OPTIONS, ModulesContainer],
    },
  ],
  exports: [AsyncCallsClient, AsyncCallsServer],
})
export class AsyncCallsModule
  extends ConfigurableModuleClass
  implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  constructor(
    @Inject(RESOLVED_OPTIONS) { server }: ResolvedOptions,
    @Inject(IS_GLOBAL) isGlobal: boolean,
    modules: ModulesContainer,
    applicationConfig: ApplicationConfig,
    http: HttpAdapterHost,
    private readonly client: AsyncCallsClient,
    private readonly asyncCallsServer: AsyncCallsServer,
  ) {
    super();
    placeInOrder(modules, AsyncCallsModule, DISTANCE.serves);
    ApplicationServices.of(modules).add(server.service, isGlobal, applicationConfig, http);
  }

  /** Nest calls this when every provider is ready. */
  async onApplicationBootstrap(): Promise<void> {
    await this.asyncCallsServer.applicationInitialized();
  }

  /** Nest calls this first of all when the application closes. */
  async onModuleDestroy(): Promise<void> {
    await this.asyncCallsServer.close();
  }

  /** Nest calls this after the server was closed: what handlers were calling until then could still be called. */
  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}
