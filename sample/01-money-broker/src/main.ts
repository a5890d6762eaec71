// Both services in one process, on a broker in memory: nothing to install.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { asyncCallsMicroservice } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { Customer } from './customer.js';
import { CustomerModule } from './customer.module.js';
import { MoneyBrokerModule } from './money-broker.module.js';

const broker = memory();

const server = await NestFactory.createMicroservice(MoneyBrokerModule.on(broker), asyncCallsMicroservice());
await server.listen();

const client = await NestFactory.createApplicationContext(CustomerModule.on(broker));
await client.get(Customer).askForMoney({ amount: 1_000_000 });

await client.close();
await server.close();
