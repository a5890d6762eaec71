// Without Kafka, and without kafkajs installed.
import 'reflect-metadata';
import { type INestApplication, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsClient, asyncCallsMicroservice, connectAsyncCalls } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { interest, InterestController } from './interest.controller.js';
import { outcomeOf } from './outcome.js';
import { BankModule, CustomerModule } from './services.js';

const logger = ['fatal' as const, 'error' as const];

async function microservice(): Promise<object> {
  const broker = memory();
  const server = await NestFactory.createMicroservice(BankModule.on(broker, 'bank', [InterestController]), {
    ...asyncCallsMicroservice(),
    logger,
  });
  server.useGlobalPipes(new ValidationPipe());
  await server.listen();
  const customer = await NestFactory.createApplicationContext(CustomerModule.on(broker), { logger });

  const outcomes = await outcomesFor(customer.get(AsyncCallsClient));

  await customer.close();
  await server.close();
  return outcomes;
}

async function hybrid(): Promise<object> {
  const app = await NestFactory.create(BankModule.on(memory(), 'bank', [InterestController]), { logger });
  app.useGlobalPipes(new ValidationPipe());
  connectAsyncCalls(app);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');

  const outcomes = {
    ...(await outcomesFor(app.get(AsyncCallsClient, { strict: false }))),
    http: await httpOutcome(app, '/accounts/ada'),
  };

  await app.close();
  return outcomes;
}

async function outcomesFor(client: AsyncCallsClient): Promise<object> {
  return {
    partialResponses: await outcomeOf(client.send('bank/bundles', { amount: 1_000_000 })),
    exception: await outcomeOf(client.send('bank/accounts', { name: 'ada' })),
    guard: await outcomeOf(client.send('bank/vault', {})),
    validation: await outcomeOf(client.send('bank/bundles', { amount: -1 })),
    contract: await outcomeOf(client.call(interest, 100)),
    breach: await outcomeOf(client.call(interest, 'much' as never)),
  };
}

async function httpOutcome(app: INestApplication, path: string): Promise<object> {
  const response = await fetch(`${await app.getUrl()}${path}`);
  return { status: response.status, body: await response.json() };
}

async function main(): Promise<void> {
  console.log(JSON.stringify({ microservice: await microservice(), hybrid: await hybrid() }));
}

void main();
