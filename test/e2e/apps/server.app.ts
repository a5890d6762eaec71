// A service that serves the endpoints of the tests, and calls others.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsClient, asyncCallsMicroservice, AsyncCallsModule } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { clientCommands } from './client-commands.js';
import { type Emit, serveCommands, settings } from './commands.js';
import { Endpoints, served } from './endpoints.js';

export interface ServerSettings {
  readonly service: string;
  readonly brokers: readonly string[];
  readonly instance?: string;
  /** Of the request topic. */
  readonly partitions?: number;
}

const { service, brokers, instance, partitions } = settings<ServerSettings>();

@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service,
      instance,
      broker: kafkajs({ brokers: [...brokers] }),
      topics: { requests: { partitions } },
      delivery: { commitIntervalMs: 200 },
    }),
  ],
  controllers: [Endpoints],
})
class ServerModule {}

const app = await NestFactory.createMicroservice(ServerModule, asyncCallsMicroservice());
app.enableShutdownHooks();
const listening = app.listen();

const commands = {
  ...clientCommands(app.get(AsyncCallsClient)),
  listening: () => listening,
  /** Never resolves. Emits the `call` of each request that `/count-slowly` is run for. */
  watchServed: (_: void, emit: Emit) => {
    served.subscribe(emit);
    return new Promise<never>(() => undefined);
  },
};
export type ServerCommands = typeof commands;

serveCommands(commands);
