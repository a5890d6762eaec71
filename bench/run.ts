// npm run bench [-- case …]
//
// Measures calls over a real Kafka (KAFKA_BOOTSTRAP, or a broker of its own), beside Nest's own Kafka transport in the
// same run: server, client and broker in processes of their own, cases and peers in shuffled rounds, medians.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startCluster } from '../tools/kafka/cluster.mjs';
import { CASES, type Measurement } from './cases.js';

const PEERS = ['async-calls', 'nest-kafka'];
const ROUNDS = 5;
const LOADER = ['--conditions=nestjs-async-calls-source', '--import', '@oxc-node/core/register'];

const names = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(CASES);
const unknown = names.filter((name) => !(name in CASES));
if (unknown.length > 0)
  throw new Error(`No case ${unknown.join(', ')}; there are ${Object.keys(CASES).join(', ')}`);

const given = process.env['KAFKA_BOOTSTRAP'];
const cluster = given ? undefined : await startCluster();
const workers: ChildProcess[] = [];
try {
  const brokers = given ?? cluster?.bootstrap ?? '';
  const clients = new Map<string, ChildProcess>();
  for (const peer of PEERS) {
    await startWorker('server', peer, brokers);
    clients.set(peer, await startWorker('client', peer, brokers));
  }
  const results = new Map<string, Measurement[]>();
  // The first round warms up and does not count.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [peer, name] of shuffled(
      PEERS.flatMap((each) => names.map((case_) => [each, case_] as const)),
    )) {
      const measurement = await ask(clients.get(peer) as ChildProcess, name);
      if (round > 0) results.set(`${peer} ${name}`, [...(results.get(`${peer} ${name}`) ?? []), measurement]);
    }
  }
  await report(results);
} finally {
  for (const worker of workers) worker.kill('SIGKILL');
  await cluster?.stop();
}

async function startWorker(role: string, peer: string, brokers: string): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('worker.ts', import.meta.url));
  const worker = spawn(process.execPath, [...LOADER, file, role, peer, brokers], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  workers.push(worker);
  await messageOf(worker);
  return worker;
}

function ask(worker: ChildProcess, name: string): Promise<Measurement> {
  worker.send(name);
  return messageOf(worker) as Promise<Measurement>;
}

function messageOf(worker: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) =>
      reject(new Error(`A process of the benchmark has ended with ${code}`));
    worker.once('exit', ended);
    worker.once('message', (message) => {
      worker.off('exit', ended);
      resolve(message);
    });
  });
}

function shuffled<T>(items: T[]): T[] {
  return items
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function report(results: ReadonlyMap<string, Measurement[]>): Promise<void> {
  const rows = names.flatMap((name) =>
    PEERS.map((peer) => {
      const measured = results.get(`${peer} ${name}`) ?? [];
      const of = (what: keyof Measurement) => median(measured.map((each) => each[what]));
      const rates = measured.map(({ perSecond }) => perSecond);
      return {
        case: name,
        peer,
        perSecond: Math.round(of('perSecond')),
        range: `${Math.round(Math.min(...rates))}–${Math.round(Math.max(...rates))}`,
        p50: of('p50').toFixed(2),
        p99: of('p99').toFixed(2),
        cpuMicros: of('cpuMicros').toFixed(1),
      };
    }),
  );
  const machine = `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`;
  const table = [
    `Machine: ${machine}. Medians of ${ROUNDS} rounds; range of the rate in brackets.`,
    '',
    '| case | peer | responses/s | p50 ms | p99 ms | client CPU µs a response |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(
      ({ case: case_, peer, perSecond, range, p50, p99, cpuMicros }) =>
        `| ${case_} | ${peer} | ${perSecond} (${range}) | ${p50} | ${p99} | ${cpuMicros} |`,
    ),
  ].join('\n');
  console.log(table);
  const folder = fileURLToPath(new URL('results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  await writeFile(
    `${folder}latest.md`,
    `Made by \`npm run bench${names.length < Object.keys(CASES).length ? ` -- ${names.join(' ')}` : ''}\`.\n\n${table}\n`,
  );
  await writeFile(`${folder}latest.json`, `${JSON.stringify({ machine, rounds: ROUNDS, rows }, null, 2)}\n`);
}
