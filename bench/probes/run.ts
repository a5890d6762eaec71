// What probes cost a service on real Kafka: calls per second with and without them, in turns.
import 'reflect-metadata';
import { strictEqual } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  asyncCallsMicroservice,
  AsyncCallsModule,
  AsyncEndpoint,
} from 'nestjs-async-calls';
import { AsyncCallsHealthModule, ProbeServer } from 'nestjs-async-calls/health';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { lastValueFrom } from 'rxjs';
import { startCluster } from '../../tools/kafka/cluster.mjs';
import { machine } from '../report/machine.js';
import { statisticOf, withRange } from '../report/statistics.js';
import { PROBES_PER_SECOND } from './measured.js';

const ROUNDS = 9;
const ROUND_MS = 4_000;
const IN_FLIGHT = 100;
const PROBER = fileURLToPath(new URL('prober.ts', import.meta.url));

@Controller()
class EchoController {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: number): number {
    return value;
  }
}

const cluster = await startCluster();
const broker = kafkajs({ brokers: [cluster.bootstrap] });

@Module({
  imports: [
    AsyncCallsModule.forRoot({ service: 'echo', broker }),
    AsyncCallsHealthModule.forRoot({ server: { port: 0, host: '127.0.0.1' } }),
  ],
  controllers: [EchoController],
})
class EchoModule {}

const app = await NestFactory.createMicroservice(EchoModule, {
  ...asyncCallsMicroservice(),
  logger: ['error', 'warn'],
});
await app.listen();
const client = app.get(AsyncCallsClient);
await client.connect();
const url = `http://127.0.0.1:${app.get(ProbeServer, { strict: false }).port}/readyz`;

/** Calls per second, with so many always in flight. */
async function throughput(): Promise<number> {
  const end = performance.now() + ROUND_MS;
  let calls = 0;
  const loop = async () => {
    while (performance.now() < end) {
      strictEqual((await lastValueFrom(client.send<number>('echo/echo', calls))) >= 0, true);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  return (calls * 1_000) / ROUND_MS;
}

async function withProbes(): Promise<number> {
  const prober = spawn(process.execPath, [...process.execArgv, PROBER, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    // Its own start is not what is measured.
    await once(prober.stdout, 'data');
    return await throughput();
  } finally {
    prober.kill();
  }
}

await throughput();
const without: number[] = [];
const probed: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  // In turns, and each first as often as the other: the machine is not the same from minute to minute.
  if (round % 2 === 0) without.push(await throughput());
  probed.push(await withProbes());
  if (round % 2 === 1) without.push(await throughput());
}
await app.close();
await cluster.stop();

const ratios = probed.map((each, round) => each / without[round]);
console.log(`Made by \`node --conditions=nestjs-async-calls-source --import @oxc-node/core/register bench/probes/run.ts\` on ${new Date().toISOString().slice(0, 10)}.

Machine: ${machine()}. Calls per second with ${IN_FLIGHT} in flight, client and service in one process, on real Kafka: medians of ${ROUNDS} rounds
of ${ROUND_MS / 1_000} s, in turns; ranges in brackets.

|  | calls per second |
| --- | --- |
| without probes | ${withRange(statisticOf(without))} |
| with ${PROBES_PER_SECOND} probes a second | ${withRange(statisticOf(probed))} |
| with, by without, round by round | ${withRange(statisticOf(ratios))} |`);
