import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { LoadCase } from '../case.js';
import { CASES, SHARED } from '../cases.js';
import { Deployment } from '../deployment.js';
import { measureLoad } from '../drivers/load.js';
import { openPlace, type Broker } from '../environment.js';
import { shortened } from '../loads/load.js';
import { OURS } from '../peers.js';
import { topFunctions } from './profile-table.js';

const FOLDER = fileURLToPath(new URL('../profiles/', import.meta.url));
const TOP = 25;

/** Profiles our client and server during one case, after it was run once to warm up; prints where the time goes. */
export async function profileCase(name: string, run: string, broker: Broker, quick: boolean): Promise<void> {
  const case_ = CASES[name];
  if (case_.driver !== 'load') throw new Error(`--profile takes a case that makes calls; ${name} does not`);
  const place = await openPlace(case_.place ?? 'near', broker);
  const { brokers, proxyPort } = place;
  const { servers, partitions, concurrency } = case_.own ?? SHARED;
  try {
    const setting = { name: run, brokers, partitions, concurrency, proxyPort };
    const deployment = await Deployment.start(OURS, setting, { servers });
    await profileDeployment(name, case_, deployment, quick);
    deployment.kill();
  } finally {
    await place.close();
  }
}

async function profileDeployment(name: string, case_: LoadCase, deployment: Deployment, quick: boolean) {
  const load = quick ? shortened(case_.load) : case_.load;
  const {
    client,
    servers: [server],
  } = deployment;
  await measureLoad(deployment, load, {});
  await Promise.all([client.ask('startProfile'), server.ask('startProfile')]);
  const { perSecond = 0 } = await measureLoad(deployment, load, {});
  console.log(`${name}: ${Math.round(perSecond)} answers/s while profiled`);
  await mkdir(FOLDER, { recursive: true });
  await keepProfile(name, 'client', await client.ask('stopProfile'));
  await keepProfile(name, 'server', await server.ask('stopProfile'));
}

async function keepProfile(name: string, side: string, profile: string): Promise<void> {
  const file = `${FOLDER}${name}-${side}.cpuprofile`;
  await writeFile(file, profile);
  console.log(`\n## ${side}\n\n${topFunctions(profile, TOP)}\n\n${file}`);
}
