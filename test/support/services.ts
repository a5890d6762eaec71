import 'reflect-metadata';
import { afterEach } from '@jest/globals';
import type { DynamicModule, INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import {
  AsyncCallsClient,
  AsyncCallsModule,
  type AsyncCallsOptions,
  type Broker,
  connectAsyncCalls,
} from 'nestjs-async-calls';
import { uniqueName } from './kafka.js';

/** What a service of a test is made of; its name, its broker and all that is not said have defaults. */
export interface ServiceOptions
  extends Partial<AsyncCallsOptions>, Pick<ModuleMetadata, 'controllers' | 'providers'> {
  readonly broker: Broker;
  /** Called before the service is started, e.g. for global filters. */
  readonly configure?: (app: INestApplication) => void;
  /** Whether it serves its endpoints; by default if it has controllers. */
  readonly serves?: boolean;
  /** Modules beside the library's own. */
  readonly imports?: readonly DynamicModule[];
  /** What serves HTTP, for tests that listen; Express by default. */
  readonly adapter?: AbstractHttpAdapter;
}

/** A running service. */
export interface Service {
  readonly name: string;
  readonly app: INestApplication;
  readonly client: AsyncCallsClient;
}

const running: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

/** Starts a service as a Nest application; it is closed after the test. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { app, name } = await createService(options);
  await app.init();
  if (options.serves ?? (options.controllers ?? []).length > 0) {
    connectAsyncCalls(app);
    await app.startAllMicroservices();
  }
  return { name, app, client: app.get(AsyncCallsClient) };
}

/** Makes a service without starting it; it is closed after the test. */
export async function createService({
  controllers,
  providers,
  configure,
  serves: _,
  imports = [],
  adapter = new ExpressAdapter(),
  ...options
}: ServiceOptions): Promise<{ app: INestApplication; name: string }> {
  const name = options.service ?? uniqueName('service');
  const app = await NestFactory.create(
    moduleOf({
      controllers,
      providers,
      imports: [
        ...imports,
        AsyncCallsModule.forRoot({
          service: name,
          topics: { requests: { partitions: 2 }, replies: { partitions: 2 } },
          ...options,
          // A test that leaves a handler running does not wait for it.
          delivery: { drainTimeoutMs: 300, ...options.delivery },
        }),
      ],
    }),
    adapter,
    { logger: false, abortOnError: false },
  );
  running.push(app);
  configure?.(app);
  return { app, name };
}

/** A module class of its own with this metadata. */
export function moduleOf(metadata: ModuleMetadata): Type {
  @Module(metadata)
  class TestModule {}
  return TestModule;
}
