// An instance of the service that the faults happen to.
import 'reflect-metadata';
import { type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { asyncCallsMicroservice, AsyncCallsModule } from 'nestjs-async-calls';
import { AsyncCallsHealthModule, ProbeServer } from 'nestjs-async-calls/health';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { serveCommands, settings } from '../../apps/commands.js';
import { Recorder } from '../history/recorder.js';
import { recordingEndpoint } from './endpoint.js';
import { Pool } from './pool.js';
import { REQUEST_TIMEOUT_MS, SESSION_TIMEOUT_MS, type StageSettings } from './settings.js';

const { service, brokers, name, history, drainDelayMs } = settings<StageSettings>();
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

  const health = AsyncCallsHealthModule.forRoot({
    server: { port: 0, host: '127.0.0.1' },
    drainDelayMs,
  });

  @Module({ imports: [calls, health], controllers: [Endpoint], providers: [Pool] })
  class ServerModule {}

  app = await NestFactory.createMicroservice(ServerModule, asyncCallsMicroservice());
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen();
}

const commands = {
  join,
  /** Ends the application in an orderly way; the process stays, to join again. */
  leave: () => app?.close(),
  /** The port at which probes are answered. */
  probes: () => app?.get(ProbeServer).port,
  /** How many handlers run now. */
  running: () => Endpoint.running,
};
export type ServerCommands = typeof commands;

serveCommands(commands);
