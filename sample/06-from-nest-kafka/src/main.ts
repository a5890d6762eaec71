// A service that has moved here from Nest's own Kafka transport, and callers that have moved, or not yet.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { type ClientProxy, ClientsModule } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  AsyncCallsClientProxy,
  AsyncCallsModule,
  asyncCallsMicroservice,
} from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { memory } from 'nestjs-async-calls/memory';
import { lastValueFrom } from 'rxjs';
import { MathModule } from './math.module.js';
import { callByNestsOwnClient } from './nests-own-client.js';

const bootstrap = process.env.KAFKA_BOOTSTRAP;
const brokers = bootstrap ? bootstrap.split(',') : undefined;
const broker = brokers ? kafkajs({ brokers }) : memory();

const math = await NestFactory.createMicroservice(MathModule.on(broker), asyncCallsMicroservice());
await math.listen();

// A caller with Nest's ClientsModule: another class, the same patterns.
const pupil = await NestFactory.createApplicationContext({
  module: class PupilModule {},
  imports: [
    ClientsModule.register([
      {
        name: 'MATH',
        customClass: AsyncCallsClientProxy,
        options: { service: 'pupil', broker, target: { service: 'math' } },
      },
    ]),
  ],
});
const proxy = pupil.get<ClientProxy>('MATH', { strict: false });
console.log('ClientsModule:', await lastValueFrom(proxy.send<number>('math.sum', [1, 2, 3])));
await lastValueFrom(proxy.emit('math.checked', { by: 'the pupil' }));

// A caller with this library's module: the service, and the name of the handler.
const teacher = await NestFactory.createApplicationContext(
  AsyncCallsModule.forRoot({ service: 'teacher', broker }),
);
const client = teacher.get(AsyncCallsClient);
console.log('by its name:', await lastValueFrom(client.send<number>('math/math.sum', [4, 5, 6])));

// The topic that Nest's own server would read; in the form of Nest's own client.
console.log('by its topic:', await lastValueFrom(client.send<number>({ nestTopic: 'math.sum' }, [7, 8, 9])));

// Nest's own client, which knows nothing of this library, needs a Kafka.
if (brokers) console.log('ClientKafka:', await callByNestsOwnClient(brokers, broker));

await teacher.close();
await pupil.close();
await math.close();
