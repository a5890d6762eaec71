// One method for HTTP and Kafka, on both HTTP adapters of this Nest.
import 'reflect-metadata';
import { type INestApplication, Module, ValidationPipe } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AsyncCallsClient, AsyncCallsModule, connectAsyncCalls } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { ExchangeController } from './exchange.controller.js';
import { outcomeOf } from './outcome.js';

async function outcomesOn(adapter: AbstractHttpAdapter): Promise<object> {
  @Module({
    imports: [AsyncCallsModule.forRoot({ service: 'exchange', broker: memory() })],
    controllers: [ExchangeController],
  })
  class ExchangeModule {}

  const app = await NestFactory.create(ExchangeModule, adapter, {
    logger: ['fatal', 'error'],
    // Clients of today open connections before they need them.
    forceCloseConnections: true,
  });
  app.useGlobalPipes(new ValidationPipe({ transform: true }));
  connectAsyncCalls(app);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  try {
    return {
      http: await httpOutcomes(await app.getUrl()),
      kafka: await kafkaOutcomes(app),
      left: await left(app),
    };
  } finally {
    await app.close();
  }
}

async function httpOutcomes(url: string): Promise<object> {
  const headers = { 'content-type': 'application/json' };
  const post = (path: string, body: object) =>
    answer(fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) }));
  return {
    order: await post('/order', { amount: 7 }),
    invalid: await post('/order', { amount: -7 }),
    query: await answer(fetch(`${url}/query?amount=7`)),
    context: await post('/context', {}),
    plain: await post('/plain', {}),
    several: await post('/several', {}),
    guarded: await post('/guarded', {}),
    coins: await answer(fetch(`${url}/coins/2`)),
    failing: await answer(fetch(`${url}/coins/3`)),
    list: await answer(fetch(`${url}/coins/2`, { headers: { accept: 'application/json' } })),
    missing: await answer(fetch(`${url}/missing`)),
    again: await answer(fetch(`${url}/coins/2`, { headers: { 'last-event-id': '1' } })),
  };
}

async function answer(pending: Promise<Response>): Promise<object> {
  const response = await pending;
  return { status: response.status, body: await response.text() };
}

async function kafkaOutcomes(app: INestApplication): Promise<object> {
  const client = app.get(AsyncCallsClient, { strict: false });
  return {
    order: await outcomeOf(client.send('exchange/order', { amount: 7 })),
    query: await outcomeOf(client.send('exchange/query', { amount: 7 })),
    context: await outcomeOf(client.send('exchange/context', {})),
    plain: await outcomeOf(client.send('exchange/plain', 7)),
    several: await outcomeOf(client.send('exchange/several', {})),
    guarded: await outcomeOf(client.send('exchange/guarded', {})),
    coins: await outcomeOf(client.send('exchange/coins', { amount: 2 })),
    missing: await outcomeOf(client.send('exchange/missing', {})),
  };
}

/** How many handlers were ended because an HTTP client has left. */
async function left(app: INestApplication): Promise<number> {
  const controller = app.get(ExchangeController);
  const leaving = new AbortController();
  const { body } = await fetch(`${await app.getUrl()}/proxy`, { signal: leaving.signal });
  await body!.getReader().read();
  leaving.abort();
  while (controller.left === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  return controller.left;
}

async function main(): Promise<void> {
  const express = await outcomesOn(new ExpressAdapter());
  console.log(
    JSON.stringify({
      express,
      fastify: await outcomesOn(new FastifyAdapter({ forceCloseConnections: true })),
    }),
  );
}

void main();
