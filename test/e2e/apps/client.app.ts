// A service that only calls others.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsClient, AsyncCallsModule } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { ping } from '../../../tools/kafka/ping.mjs';
import { clientCommands } from './client-commands.js';
import { type Emit, serveCommands, settings } from './commands.js';

export interface ClientSettings {
  readonly service: string;
  readonly brokers: readonly string[];
  /** Of the reply topic. */
  readonly partitions?: number;
}

const { service, brokers, partitions } = settings<ClientSettings>();

@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service,
      broker: kafkajs({ brokers: [...brokers] }),
      topics: { replies: { partitions } },
    }),
  ],
})
class ClientModule {}

const app = await NestFactory.createApplicationContext(ClientModule);
app.enableShutdownHooks();
const client = app.get(AsyncCallsClient);

const commands = {
  ...clientCommands(client),
  /**
   * Connects, and resolves with how long after the broker's first sign of life that was done, in milliseconds.
   * Emits an item for each time the broker did not answer.
   */
  readiness: async (_: void, emit: Emit) => {
    const [answeredAt, readyAt] = await Promise.all([
      firstAnswer(() => emit('no answer')),
      client.connect().then(() => Date.now()),
    ]);
    return Math.max(0, readyAt - answeredAt);
  },
};
export type ClientCommands = typeof commands;

async function firstAnswer(onNone: () => void): Promise<number> {
  for (;;) {
    try {
      await ping(brokers.join(','));
      return Date.now();
    } catch {
      onNone();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

serveCommands(commands);
