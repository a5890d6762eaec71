// The main call over Kafka: node dist/kafka.main.js <addresses> <service>
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsClient, asyncCallsMicroservice } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { outcomeOf } from './outcome.js';
import { BankModule, CustomerModule } from './services.js';

const logger = ['fatal' as const, 'error' as const];

async function main([addresses = '', service = '']: string[]): Promise<void> {
  const broker = kafkajs({ brokers: addresses.split(',') });
  const server = await NestFactory.createMicroservice(BankModule.on(broker, service), {
    ...asyncCallsMicroservice(),
    logger,
  });
  await server.listen();
  const customer = await NestFactory.createApplicationContext(
    CustomerModule.on(broker, `${service}-customer`),
    { logger },
  );

  const client = customer.get(AsyncCallsClient);
  console.log(JSON.stringify(await outcomeOf(client.send(`${service}/bundles`, { amount: 1_000_000 }))));

  await customer.close();
  await server.close();
}

void main(process.argv.slice(2));
