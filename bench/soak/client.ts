// A process of the soak: the service that calls.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsClient, AsyncCallsModule } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { answerRunner, sample } from './messages.js';
import { Traffic } from './traffic.js';

const [service = '', brokers = ''] = process.argv.slice(2);

@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service: `${service}-client`,
      broker: kafkajs({ brokers: brokers.split(',') }),
    }),
  ],
})
class ClientModule {}

const app = await NestFactory.createApplicationContext(ClientModule, { logger: ['error', 'fatal'] });
const client = app.get(AsyncCallsClient);
await client.connect();
const traffic = new Traffic(client, service);

answerRunner({
  pause: () => traffic.pause(),
  resume: () => traffic.resume(),
  sample: () => sample(client.inFlight),
  report: () => traffic.report,
  stop: () => app.close(),
});
