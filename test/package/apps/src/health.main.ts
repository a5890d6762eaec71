// Probes of a service beside HTTP, by its own server and at a port of their own, also while it shuts down.
import 'reflect-metadata';
import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsModule, connectAsyncCalls } from 'nestjs-async-calls';
import { AsyncCallsHealthModule, ProbeServer } from 'nestjs-async-calls/health';
import { memory } from 'nestjs-async-calls/memory';
import { BankController } from './bank.controller.js';

const PROBES = ['livez', 'readyz', 'startupz'];

async function statusesAt(url: string): Promise<number[]> {
  return Promise.all(PROBES.map(async (probe) => (await fetch(`${url}/${probe}`)).status));
}

async function main(): Promise<void> {
  let probes = '';
  let closing: number[] = [];

  /** Closed when nothing needs it any more. */
  @Injectable()
  class Pool implements OnModuleDestroy {
    async onModuleDestroy(): Promise<void> {
      closing = await statusesAt(probes);
    }
  }

  @Module({
    imports: [
      AsyncCallsModule.forRoot({ service: 'bank', broker: memory() }),
      AsyncCallsHealthModule.forRoot({ server: { port: 0, host: '127.0.0.1' } }),
    ],
    controllers: [BankController],
    providers: [Pool],
  })
  class BankModule {}

  const app = await NestFactory.create(BankModule, {
    logger: ['fatal', 'error'],
    forceCloseConnections: true,
  });
  connectAsyncCalls(app);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  probes = `http://127.0.0.1:${app.get(ProbeServer).port}`;
  const result = { http: await statusesAt(await app.getUrl()), server: await statusesAt(probes) };
  await app.close();
  console.log(JSON.stringify({ ...result, closing }));
}

void main();
