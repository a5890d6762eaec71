import { setTimeout as delay } from 'node:timers/promises';
import type { Measurement } from '../case.js';
import type { Deployment } from '../deployment.js';

export async function measureIdle(deployment: Deployment, seconds: number): Promise<Measurement> {
  await deployment.begin({ watchMemory: false });
  const start = performance.now();
  await delay(1_000 * seconds);
  const { client, servers } = await deployment.end();
  const micros = 1_000 * (performance.now() - start);
  const percent = (cpuMicros: number) => (100 * cpuMicros) / micros;
  return { clientIdle: percent(client.cpuMicros), serverIdle: percent(servers[0].cpuMicros) };
}
