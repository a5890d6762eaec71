// npm run start:kafka
//
// Runs the first sample as two processes over a real Kafka: KAFKA_BOOTSTRAP, or a broker of its own that ends with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startCluster } from './kafka/cluster.mjs';
import { RUN_TYPESCRIPT } from './run-typescript.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @type {import('node:child_process').ChildProcess[]} */
const children = [];
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => children.forEach((child) => child.kill('SIGTERM')));
}

const given = process.env.KAFKA_BOOTSTRAP;
if (!given) console.log('Starting a Kafka broker …');
const cluster = given ? undefined : await startCluster();
try {
  process.env.KAFKA_BOOTSTRAP = given ?? cluster?.bootstrap;
  const server = run('server.main.ts');
  // On an empty broker the service is unknown until it has created its topic.
  await Promise.race([says(server, 'successfully started'), endOf(server)]);
  process.exitCode = await endOf(run('client.main.ts'));
  server.kill('SIGTERM');
  await endOf(server);
} finally {
  await cluster?.stop();
}

/** @param {string} file */
function run(file) {
  const child = spawn(process.execPath, [...RUN_TYPESCRIPT, `sample/01-money-broker/src/${file}`], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.pipe(process.stdout, { end: false });
  children.push(child);
  return child;
}

/** @param {import('node:child_process').ChildProcess} child @param {string} text @returns {Promise<void>} */
function says(child, text) {
  return new Promise((resolve) => {
    child.stdout?.on('data', (/** @type {Buffer} */ chunk) => {
      if (chunk.includes(text)) resolve();
    });
  });
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<number>} */
async function endOf(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? 1;
}
