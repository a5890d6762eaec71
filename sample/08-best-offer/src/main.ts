// Three dealers and a customer in one process: on a broker in memory, or on Kafka at KAFKA_BOOTSTRAP.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import {
  AsyncCallsClient,
  asyncCallsMicroservice,
  AsyncCallsModule,
  type Gathered,
} from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { memory } from 'nestjs-async-calls/memory';
import { type Dealer, DealerModule } from './dealer.module.js';

const brokers = process.env.KAFKA_BOOTSTRAP;
const broker = brokers ? kafkajs({ brokers: brokers.split(',') }) : memory();

/** Times as long as here take all the times below: on a busy machine who thinks longer still answers later. */
const SLOWER = Number(process.env.SLOWER ?? 1);

const DEALERS: readonly Dealer[] = [
  { name: 'anna', prices: [950], thinksMs: 300 * SLOWER },
  { name: 'ben', prices: [], thinksMs: 0 },
  { name: 'cleo', prices: [990, 890, 870], thinksMs: 500 * SLOWER },
];
const NAMES = DEALERS.map(({ name }) => name);

function print(item: Gathered<number>): void {
  if (item.kind === 'response') return console.log(`  ${item.from}: $${item.value}`);
  if (item.kind === 'failure') return console.log(`  ${item.from} has failed: ${item.error.message}`);
  const { reason, responses, unfinished } = item;
  const [best] = responses.toSorted((one, other) => one.value - other.value);
  console.log(`  ended by "${reason}": $${best.value} of ${best.from}; unfinished: [${unfinished.join()}]`);
}

const services = await Promise.all(
  DEALERS.map((dealer) =>
    NestFactory.createMicroservice(DealerModule.on(broker, dealer), asyncCallsMicroservice()),
  ),
);
await Promise.all(services.map((service) => service.listen()));
const customer = await NestFactory.createApplicationContext(
  AsyncCallsModule.forRoot({ service: 'bike-customer', broker }),
);
const client = customer.get(AsyncCallsClient);
await client.connect();
const begin = new Date();

console.log('Ask three endpoints, until an offer is good enough:');
await client
  .gather<number>(
    NAMES.map((name) => `${name}/offer`),
    'a city bike',
    { when: (offers) => offers.some(({ value }) => value < 900) },
  )
  .forEach(print);

// Events of one key keep their order, also in the replay.
const key = 'customer-7';

console.log('Ask whoever has subscribed, for 2.5 s:');
await client
  .gather<number>({ event: 'bike-wanted' }, 'a gravel bike', { key, withinMs: 2_500 * SLOWER })
  .forEach(print);

console.log('Ask the same, until all three have answered:');
await client.gather<number>({ event: 'bike-wanted' }, 'a cargo bike', { key, expect: NAMES }).forEach(print);

console.log('What was asked for by events:');
for await (const event of client.replay<string>('bike-wanted', { from: begin })) {
  console.log(`  ${event.value}, by ${event.publisher?.service}`);
}

await customer.close();
await Promise.all(services.map((service) => service.close()));
