import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import {
  AsyncCallError,
  AsyncCallsClient,
  AsyncCallsModule,
  asyncCallsMicroservice,
} from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { MoneyBrokerModule } from './money-broker.module.js';
import { showMeTheMoney } from './money.contract.js';

const broker = memory();
const moneyBroker = await NestFactory.createMicroservice(
  MoneyBrokerModule.on(broker),
  asyncCallsMicroservice(),
);
await moneyBroker.listen();
const customer = await NestFactory.createApplicationContext(
  AsyncCallsModule.forRoot({ service: 'a-customer', broker }),
);
const client = customer.get(AsyncCallsClient);

// The types of `bundle` and `amount` are the contract's.
await client
  .call(showMeTheMoney, { amount: 1_500 })
  .forEach(({ bundle, amount }) => console.log(`bundle ${bundle} of 3: $${amount}`));

try {
  await client.call(showMeTheMoney, { amount: -1 }).forEach(() => undefined);
} catch (error) {
  if (!(error instanceof AsyncCallError)) throw error;
  console.log(`${error.statusCode} ${error.code}`, error.details);
}
console.log('That was all.');

await customer.close();
await moneyBroker.close();
