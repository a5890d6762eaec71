import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsClient, AsyncCallsModule, asyncCallsMicroservice } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { CourierModule } from './courier.module.js';

const broker = memory();

async function start(instance: string) {
  const courier = await NestFactory.createMicroservice(
    CourierModule.on(broker, instance),
    asyncCallsMicroservice(),
  );
  await courier.listen();
  return courier;
}

const courierA = await start('courier-a');
const customer = await NestFactory.createApplicationContext(
  AsyncCallsModule.forRoot({ service: 'customer', broker }),
);
let courierB: ReturnType<typeof start> | undefined;

await customer
  .get(AsyncCallsClient)
  .to('courier/follow')
  .responses<number>({ parcel: 7 })
  .forEach(({ value, instance }) => {
    console.log(`position ${value} of 6, says ${instance}`);
    if (value !== 3) return;
    console.log('courier-a is stopped');
    courierB = courierA.close().then(() => start('courier-b'));
  });
console.log('That was all.');

await customer.close();
await (await courierB)?.close();
