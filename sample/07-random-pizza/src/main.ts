// Five services and a customer in one process: on a broker in memory, or on Kafka at KAFKA_BOOTSTRAP.
import 'reflect-metadata';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsClient, asyncCallsMicroservice, AsyncCallsModule } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { memory } from 'nestjs-async-calls/memory';
import { lastValueFrom } from 'rxjs';
import { CHAIN } from './chain.js';
import type { Order } from './orders.js';
import { PizzaModule } from './pizza.module.js';
import { ToppingModule } from './topping.module.js';

const brokers = process.env.KAFKA_BOOTSTRAP;
const broker = brokers ? kafkajs({ brokers: brokers.split(',') }) : memory();

async function start(module: DynamicModule) {
  const service = await NestFactory.createMicroservice(module, asyncCallsMicroservice());
  await service.listen();
  return service;
}

const services = await Promise.all(
  [PizzaModule.on(broker), ...CHAIN.map((options) => ToppingModule.on(broker, options))].map(start),
);
const customer = await NestFactory.createApplicationContext(
  AsyncCallsModule.forRoot({ service: 'pizza-customer', broker }),
);
const client = customer.get(AsyncCallsClient);

const id = 'order-36';
await lastValueFrom(client.send('pizza/order', { id, count: 3 }));
await client
  .send<number>('pizza/follow', id)
  .forEach((ready) => console.log(`${ready} of 3 pizzas are ready`));
const { ready } = await lastValueFrom(client.send<Order>('pizza/order-by-id', id));
for (const { sauce, cheese, meat, veggie } of ready)
  console.log(`a pizza with ${[sauce, cheese, meat, veggie].join(', ')}`);

await customer.close();
await Promise.all(services.map((service) => service.close()));
