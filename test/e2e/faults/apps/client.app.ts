// A caller that keeps the service busy.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsClient, AsyncCallsModule } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { serveCommands, settings } from '../../apps/commands.js';
import { Recorder } from '../history/recorder.js';
import { REQUEST_TIMEOUT_MS, type StageSettings } from './settings.js';
import { Traffic } from './traffic.js';

const { service, brokers, name, history } = settings<StageSettings>();

@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service: `${service}-caller`,
      instance: name,
      broker: kafkajs({ brokers: [...brokers], requestTimeout: REQUEST_TIMEOUT_MS }),
    }),
  ],
})
class ClientModule {}

const app = await NestFactory.createApplicationContext(ClientModule);
app.enableShutdownHooks();
const client = app.get(AsyncCallsClient);
const traffic = new Traffic(client, `${service}/do`, name, new Recorder(history, name));

const commands = {
  connect: () => client.connect(),
  start: (series: string) => traffic.start(series),
  /** Makes no further calls. */
  stop: () => traffic.stop(),
  progress: () => traffic.progress(),
};
export type ClientCommands = typeof commands;

serveCommands(commands);
