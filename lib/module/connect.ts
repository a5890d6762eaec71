import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { AsyncCallError } from '../errors/async-call-error.js';
import { AsyncCallsServer } from '../server/async-calls-server.js';
import { ApplicationServices } from './application-services.js';

/**
 * Connects the application's services, beside HTTP or whatever else it serves, with its global pipes, guards,
 * interceptors and filters; set those before. They begin to serve when both `await app.startAllMicroservices()` and
 * `await app.listen(…)` (or `app.init()`) have been called. Throws `invalid-argument` if the application has none.
 */
export function connectAsyncCalls(app: INestApplication): void {
  for (const strategy of serversOf(app)) app.connectMicroservice({ strategy }, { inheritAppConfig: true });
}

function serversOf(app: INestApplication): AsyncCallsServer[] {
  try {
    return app.get(AsyncCallsServer, { strict: false, each: true });
  } catch (error) {
    throw new AsyncCallError(
      'invalid-argument',
      'This application is no service. Import AsyncCallsModule.forRoot({ service, broker }) in its root module.',
      { cause: error },
    );
  }
}

/**
 * The options of an application that serves nothing else:
 * `await NestFactory.createMicroservice(AppModule, asyncCallsMicroservice())`. It begins to serve with `app.listen()`.
 * Creating it fails with `invalid-argument` if the application has several services.
 */
export function asyncCallsMicroservice(): AsyncMicroserviceOptions {
  return {
    inject: [AsyncCallsServer, ModulesContainer],
    useFactory: (strategy: AsyncCallsServer, modules: ModulesContainer) => {
      assertOneService(ApplicationServices.of(modules).names);
      return { strategy };
    },
  };
}

function assertOneService(services: readonly string[]): void {
  if (services.length === 1) return;
  throw new AsyncCallError(
    'invalid-argument',
    `A pure microservice serves one service; this application has ${services.join(', ')}. ` +
      'Make it with NestFactory.create, and connect them with connectAsyncCalls(app).',
  );
}
