// An instance of the service that the faults happen to.
import 'reflect-metadata';
import { type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { asyncCallsMicroservice, AsyncCallsModule } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { serveCommands, settings } from '../../apps/commands.js';
import { Recorder } from '../history/recorder.js';
import { recordingEndpoint } from './endpoint.js';
import { REQUEST_TIMEOUT_MS, SESSION_TIMEOUT_MS, type StageSettings } from './settings.js';

const { service, brokers, name, history } = settings<StageSettings>();
const Endpoint = recordingEndpoint(name, new Recorder(history, name));
let joined = 0;
let app: INestMicroservice | undefined;

/** Starts the application; resolves when it serves. */
async function join(): Promise<void> {
  joined += 1;
  const calls = AsyncCallsModule.forRoot({
    service,
    instance: `${name}-${joined}`,
    broker: kafkajs({ brokers: [...brokers], requestTimeout: REQUEST_TIMEOUT_MS }),
    delivery: { commitIntervalMs: 200, drainTimeoutMs: 3_000, sessionTimeoutMs: SESSION_TIMEOUT_MS },
  });

  @Module({ imports: [calls], controllers: [Endpoint] })
  class ServerModule {}

  app = await NestFactory.createMicroservice(ServerModule, asyncCallsMicroservice());
  app.enableShutdownHooks();
  await app.listen();
}

const commands = {
  join,
  /** Ends the application in an orderly way; the process stays, to join again. */
  leave: () => app?.close(),
  /** How many handlers run now. */
  running: () => Endpoint.running,
};
export type ServerCommands = typeof commands;

serveCommands(commands);
