import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';

const PACKAGES = [
  '@nestjs/core',
  '@nestjs/microservices',
  'kafkajs',
  '@nats-io/transport-node',
  'undici',
  'fastify',
  'express',
];

const require = createRequire(import.meta.url);

/** What was measured, and with what, in one line. */
export function machine(): string {
  return (
    `${processors()}, Node ${process.version}, ` +
    `nestjs-async-calls ${versionIn('../../package.json')}, kafkajs ${versionOf('kafkajs')}`
  );
}

/** What the numbers depend on beside the code. */
export function describeMachine(kafka: string, nats: string | undefined): Record<string, string> {
  return {
    machine: `${processors()}, ${Math.round(totalmem() / 1e9)} GB, ${process.platform}`,
    'load before the run': (loadavg()[0] ?? 0).toFixed(1),
    node: process.version,
    kafka,
    'nats-server': nats ?? 'none',
    ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  };
}

function processors(): string {
  return `${cpus().length} × ${cpus()[0]?.model}`;
}

/** By its path: not every package exports its own description. */
function versionOf(name: string): string {
  return versionIn(`../../node_modules/${name}/package.json`);
}

function versionIn(path: string): string {
  return (require(path) as { version: string }).version;
}
