// A service whose health is probed, and which can be brought into trouble.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  asyncCallsMicroservice,
  AsyncCallsModule,
  AsyncEndpoint,
} from 'nestjs-async-calls';
import { AsyncCallsHealthModule, type LivenessOptions, ProbeServer } from 'nestjs-async-calls/health';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { clientCommands } from './client-commands.js';
import { serveCommands, settings } from './commands.js';

export interface ProbedSettings {
  readonly service: string;
  readonly brokers: readonly string[];
  readonly livez?: LivenessOptions;
  readonly sessionTimeoutMs?: number;
  /** Whether the driver gives a connection up that is silent. Default true. */
  readonly enforceRequestTimeout?: boolean;
}

const { service, brokers, livez, sessionTimeoutMs, enforceRequestTimeout } = settings<ProbedSettings>();

@Controller()
class Endpoints {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }

  /** Keeps the event loop busy for so long. */
  @AsyncEndpoint('/block')
  block(@Payload() ms: number): void {
    for (const end = Date.now() + ms; Date.now() < end;);
  }
}

@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service,
      broker: kafkajs({ brokers: [...brokers], enforceRequestTimeout }),
      delivery: { sessionTimeoutMs },
    }),
    AsyncCallsHealthModule.forRoot({ livez, server: { port: 0, host: '127.0.0.1' } }),
  ],
  controllers: [Endpoints],
})
class ProbedModule {}

const app = await NestFactory.createMicroservice(ProbedModule, asyncCallsMicroservice());
app.enableShutdownHooks();
const listening = app.listen();

const commands = {
  ...clientCommands(app.get(AsyncCallsClient)),
  listening: () => listening,
  /** Where the probes are answered; `undefined` if they are not yet. */
  probes: () => app.get(ProbeServer).port,
};
export type ProbedCommands = typeof commands;

serveCommands(commands);
