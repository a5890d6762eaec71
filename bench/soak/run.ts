// npm run soak [-- --minutes 10]
//
// Steady mixed traffic over a real Kafka (KAFKA_BOOTSTRAP, or a broker of its own), while an instance of the service
// joins and leaves. Fails if a call has no outcome or a wrong one, or if a heap grows beyond a bound.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startCluster } from '../../tools/kafka/cluster.mjs';
import { machine } from '../report/machine.js';
import type { Sample, TrafficReport } from './messages.js';
import { SoakProcess } from './process.js';
import { faultsOf, markdownOf, overOf, type Soak } from './report.js';

/** How long the second instance stays, and stays away. */
const VISIT_MS = 10_000;
/** What a heap needs to take its usual size. */
const WARM_UP_SHARE = 0.1;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error('--minutes takes a number above 0');

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());

const given = process.env['KAFKA_BOOTSTRAP'] || undefined;
const cluster = given ? undefined : await startCluster();
try {
  await report(await soak(`soak-${randomBytes(4).toString('hex')}`, given ?? cluster?.bootstrap ?? ''));
} finally {
  await SoakProcess.endAll();
  await cluster?.stop();
}

async function soak(service: string, brokers: string): Promise<Soak> {
  const server = await SoakProcess.start('server', service, brokers);
  const client = await SoakProcess.start('client', service, brokers);
  const samples: Record<string, Sample[]> = { server: [], client: [] };
  const visits = { joins: 0, notes: 0 };
  const over: number[] = [];
  const durationMs = minutes * 60_000;
  for (const share of [WARM_UP_SHARE, 0.5 - WARM_UP_SHARE, 0.5]) {
    await visitFor(durationMs * share, service, brokers, visits);
    await client.ask('pause');
    // A handler whose caller has left may still run.
    await sleep(1_000);
    samples['server'].push(await server.ask<Sample>('sample'));
    samples['client'].push(await client.ask<Sample>('sample'));
    over.push(overOf(await client.ask<TrafficReport>('report')));
    print(samples, over);
    if (over.length < 3) await client.ask('resume');
  }
  const traffic = await client.ask<TrafficReport>('report');
  await client.stop();
  const notes = visits.notes + (await server.stop<number>());
  return { minutes, joins: visits.joins, samples, traffic, notes, overInMiddle: over[1] };
}

/** For so long a second instance joins the service and leaves it, again and again. */
async function visitFor(
  ms: number,
  service: string,
  brokers: string,
  visits: { joins: number; notes: number },
): Promise<void> {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    await pause(Math.min(VISIT_MS, end - Date.now()));
    if (Date.now() >= end) return;
    const visitor = await SoakProcess.start('server', service, brokers);
    visits.joins += 1;
    await pause(Math.min(VISIT_MS, Math.max(0, end - Date.now())));
    visits.notes += await visitor.stop<number>();
  }
}

async function pause(ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: stopping.signal });
}

function print(samples: Readonly<Record<string, readonly Sample[]>>, over: readonly number[]): void {
  const figures = Object.entries(samples).map(([name, all]) => {
    const { heapBytes, rssBytes, inFlight } = all[all.length - 1];
    return `${name}: heap ${(heapBytes / 1e6).toFixed(1)} MB, RSS ${(rssBytes / 1e6).toFixed(1)} MB, ${inFlight} in flight`;
  });
  console.log(`${over[over.length - 1]} calls over; ${figures.join('; ')}`);
}

async function report(result: Soak): Promise<void> {
  const faults = faultsOf(result);
  const text = markdownOf(result, faults);
  console.log(`\n${text}`);
  const folder = fileURLToPath(new URL('../results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}soak.md`, text);
  const json = { date: new Date().toISOString(), machine: machine(), ...result, faults };
  await writeFile(`${folder}soak.json`, `${JSON.stringify(json, null, 2)}\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
