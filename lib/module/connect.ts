import type { INestApplication } from '@nestjs/common';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { AsyncCallsServer } from '../server/async-calls-server.js';

/**
 * Connects the application's services, beside HTTP or whatever else it serves, with its global pipes, guards,
 * interceptors and filters. They begin to serve with `await app.startAllMicroservices()`.
 */
export function connectAsyncCalls(app: INestApplication): void {
  for (const strategy of app.get(AsyncCallsServer, { strict: false, each: true })) {
    app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  }
}

/**
 * The options of an application that serves nothing else:
 * `await NestFactory.createMicroservice(AppModule, asyncCallsMicroservice())`. It begins to serve with `app.listen()`.
 */
export function asyncCallsMicroservice(): AsyncMicroserviceOptions {
  return { inject: [AsyncCallsServer], useFactory: (strategy: AsyncCallsServer) => ({ strategy }) };
}
