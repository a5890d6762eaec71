import 'reflect-metadata';
import { Controller, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  AsyncCallsModule,
  AsyncEndpoint,
  asyncCallsMicroservice,
} from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { lastValueFrom, range } from 'rxjs';
import type { PeerClient } from './peer.js';

@Controller()
class BenchController {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }

  @AsyncEndpoint('/stream')
  stream(@Payload() length: number) {
    return range(0, length);
  }
}

function appModule(service: string, brokers: string[], controllers: (typeof BenchController)[]) {
  @Module({
    imports: [
      AsyncCallsModule.forRoot({
        service,
        broker: kafkajs({ brokers }),
        topics: { requests: { partitions: 1 } },
      }),
    ],
    controllers,
  })
  class BenchModule {}
  return BenchModule;
}

export async function startServer(brokers: string[]): Promise<void> {
  const module = appModule('bench-server', brokers, [BenchController]);
  const app = await NestFactory.createMicroservice(module, {
    ...asyncCallsMicroservice(),
    logger: ['error'],
  });
  await app.listen();
}

export async function startClient(brokers: string[]): Promise<PeerClient> {
  const module = appModule('bench-client', brokers, []);
  const app: INestApplicationContext = await NestFactory.createApplicationContext(module, {
    logger: ['error'],
  });
  const client = app.get(AsyncCallsClient);
  await client.connect();
  return {
    echo: (value) => lastValueFrom(client.send('bench-server/echo', value)),
    stream: async (length) => {
      await lastValueFrom(client.send('bench-server/stream', length));
    },
  };
}
