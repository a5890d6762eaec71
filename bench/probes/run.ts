// What probes cost a service on real Kafka, beside the same number of requests that have nothing to do with it.
import 'reflect-metadata';
import { strictEqual } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsClient, AsyncCallsModule } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { lastValueFrom } from 'rxjs';
import { startCluster } from '../../tools/kafka/cluster.mjs';
import { callers, forSeconds } from '../loads/callers.js';
import { ProcessMeter } from '../processes/process-meter.js';
import { machine } from '../report/machine.js';
import { statisticOf, withRange } from '../report/statistics.js';
import { Program } from './program.js';
import type { Probes } from './service.js';

const PROBES_PER_SECOND = 100;
const ROUNDS = 12;
const SECONDS = 4;
const IN_FLIGHT = 100;

/** What is measured while one address, or none, is probed. */
interface Measured {
  readonly perSecond: number;
  /** CPU of the service, in microseconds a call. */
  readonly cpuPerCall: number;
  /** CPU of the service without calls, in milliseconds a second. */
  readonly cpuAtRest: number;
}

const cluster = await startCluster({ forLoad: true });
try {
  console.log(await measureOn(cluster.bootstrap));
} finally {
  Program.killAll();
  await cluster.stop();
}

async function measureOn(bootstrap: string): Promise<string> {
  const service = await Program.start('service', bootstrap);
  const elsewhere = await Program.start('elsewhere');
  const { readyz, empty } = JSON.parse(service.said) as Probes;
  const probed: Readonly<Record<string, string | undefined>> = {
    'nobody probes': undefined,
    'another process is probed': elsewhere.said,
    'an HTTP server in the service that looks at nothing': empty,
    '`/readyz` of the service': readyz,
  };

  @Module({
    imports: [AsyncCallsModule.forRoot({ service: 'caller', broker: kafkajs({ brokers: [bootstrap] }) })],
  })
  class CallerModule {}
  const app = await NestFactory.createApplicationContext(CallerModule, { logger: ['error', 'fatal'] });
  const client = app.get(AsyncCallsClient);
  const call = async () => strictEqual(await lastValueFrom(client.send<number>('echo/echo', 7)), 7);
  const load = () => callers(IN_FLIGHT, forSeconds(SECONDS), call);
  const cpu = new ProcessMeter(service.pid);
  const meter = async <T>(work: Promise<T>): Promise<[T, number]> => {
    await cpu.begin();
    const result = await work;
    return [result, (await cpu.end()) ?? NaN];
  };
  const measure = async (url: string | undefined): Promise<Measured> => {
    const prober = url === undefined ? undefined : await Program.start('prober', url, `${PROBES_PER_SECOND}`);
    const [{ answers, ms }, busyMicros] = await meter(load());
    const [, restMicros] = await meter(delay(SECONDS * 1_000));
    await prober?.stop();
    return {
      perSecond: (answers * 1_000) / ms,
      cpuPerCall: busyMicros / answers,
      cpuAtRest: restMicros / 1_000 / SECONDS,
    };
  };

  await client.connect();
  await load();
  const names = Object.keys(probed);
  const measured = Object.fromEntries(names.map((name) => [name, [] as Measured[]]));
  for (let round = 0; round < ROUNDS; round += 1) {
    // Each is as often the first, the second and so on: the machine is not the same from minute to minute.
    const turn = round % names.length;
    for (const name of [...names.slice(turn), ...names.slice(0, turn)])
      measured[name].push(await measure(probed[name]));
  }
  await app.close();
  return reportOf(measured);
}

function reportOf(measured: Readonly<Record<string, readonly Measured[]>>): string {
  const [unprobed] = Object.values(measured);
  const rows = Object.entries(measured).map(([name, rounds]) =>
    [
      name,
      withRange(statisticOf(rounds.map(({ perSecond }) => perSecond))),
      withRange(statisticOf(rounds.map(({ perSecond }, round) => perSecond / unprobed[round].perSecond))),
      withRange(statisticOf(rounds.map(({ cpuPerCall }) => cpuPerCall))),
      withRange(statisticOf(rounds.map(({ cpuAtRest }) => cpuAtRest))),
    ].join(' | '),
  );
  return `Made by \`node --conditions=nestjs-async-calls-source --import @oxc-node/core/register bench/probes/run.ts\` on ${new Date().toISOString().slice(0, 10)}.

Machine: ${machine()}. ${PROBES_PER_SECOND} probes a second; ${IN_FLIGHT} calls in flight to a service on real Kafka, then none; medians of ${ROUNDS} rounds
of ${SECONDS} s each, in turns; ranges in brackets. CPU is of the service's process alone, calls per second of all on one machine.

| ${PROBES_PER_SECOND} times a second | calls per second | by those unprobed, round by round | CPU µs a call | CPU ms a second at rest |
| --- | --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join('\n')}`;
}
