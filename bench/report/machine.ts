import { readFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const PACKAGES = [
  '@nestjs/core',
  '@nestjs/microservices',
  'kafkajs',
  '@nats-io/transport-node',
  'undici',
  'fastify',
  'express',
];

/** What the numbers depend on beside the code. */
export async function describeMachine(
  kafka: string,
  nats: string | undefined,
): Promise<Record<string, string>> {
  const packages = await Promise.all(PACKAGES.map(async (name) => [name, await versionOf(name)] as const));
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 1e9)} GB, ${process.platform}`,
    'load before the run': (loadavg()[0] ?? 0).toFixed(1),
    node: process.version,
    kafka,
    'nats-server': nats ?? 'none',
    ...Object.fromEntries(packages),
  };
}

async function versionOf(name: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../node_modules/${name}/package.json`, import.meta.url));
  return (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version;
}
