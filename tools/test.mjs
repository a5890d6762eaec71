// node tools/test.mjs [--no-kafka | --require-kafka] [--time-limit <minutes>] [jest arguments…]
//
// Runs the tests against KAFKA_BOOTSTRAP, or a broker started for this run, or (with neither to be had)
// without the suites that need one. Its last line is "N passed, N failed[, N skipped]".
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCluster } from './kafka/cluster.mjs';
import { KafkaUnavailableError } from './kafka/installation.mjs';
import { ping } from './kafka/ping.mjs';

/**
 * @typedef {{ kafka: 'none' | 'optional' | 'required', timeLimitMs: number, jest: string[] }} Options
 * @typedef {{ bootstrap?: string, logDir?: string, stop(): Promise<void> }} KafkaForRun
 * @typedef {{ name: string, assertionResults: { status: string }[] }} SuiteResult
 * @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number,
 *   numRuntimeErrorTestSuites: number, testResults: SuiteResult[] }} JestResult
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const HOW_TO_GET_KAFKA =
  'set KAFKA_BOOTSTRAP=host:port, or install Java 17+ and Maven, or start Docker, and run `npm test`';
const KILL_AFTER_MS = 5000;

/** @type {import('node:child_process').ChildProcess | undefined} */
let jest;
let interrupted = '';
const options = readOptions(process.argv.slice(2));
const timeLimit = setTimeout(
  () => interrupt(`the time limit of ${options.timeLimitMs / 60_000} min is over`),
  options.timeLimitMs,
);
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => interrupt(signal));
}
// npm passes signals on, but cannot when it is killed itself.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent && !interrupted) interrupt('the process that started the tests is gone');
}, 1000).unref();
process.exitCode = await main();
clearTimeout(timeLimit);

async function main() {
  try {
    const kafka = await obtainKafka();
    try {
      return report(await runJest(kafka.bootstrap), kafka);
    } finally {
      await kafka.stop();
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.log('0 passed, 0 failed');
    return 1;
  }
}

/** @param {string[]} args @returns {Options} */
function readOptions(args) {
  /** @type {Options} */
  const result = {
    kafka: process.env.CI === 'true' ? 'required' : 'optional',
    timeLimitMs: 45 * 60_000,
    jest: [],
  };
  for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
    if (arg === '--no-kafka') result.kafka = 'none';
    else if (arg === '--require-kafka') result.kafka = 'required';
    else if (arg === '--time-limit') result.timeLimitMs = Number(args.shift()) * 60_000;
    else result.jest.push(arg);
  }
  if (!(result.timeLimitMs > 0)) throw new Error('--time-limit takes a number of minutes');
  return result;
}

/** @returns {Promise<KafkaForRun>} */
async function obtainKafka() {
  const given = process.env.KAFKA_BOOTSTRAP;
  const nothingToStop = { stop: () => Promise.resolve() };
  if (options.kafka === 'none') return nothingToStop;
  if (given) {
    await ping(given).catch((/** @type {Error} */ error) => {
      throw new Error(`KAFKA_BOOTSTRAP=${given} is set, but no broker answers there: ${error.message}`);
    });
    return { bootstrap: given, ...nothingToStop };
  }
  try {
    const cluster = await startCluster();
    const logDir = dirname(cluster.nodes[0]?.logFile ?? '');
    return { bootstrap: cluster.bootstrap, logDir, stop: () => cluster.stop() };
  } catch (error) {
    if (!(error instanceof KafkaUnavailableError) || options.kafka === 'required') throw error;
    return nothingToStop;
  }
}

/**
 * @param {string | undefined} bootstrap
 * @returns {Promise<{ exitCode: number, result: JestResult | undefined }>}
 */
async function runJest(bootstrap) {
  const folder = await mkdtemp(join(tmpdir(), 'async-calls-tests-'));
  const outputFile = join(folder, 'jest.json');
  const { KAFKA_BOOTSTRAP: _, ...env } = process.env;
  if (bootstrap) env.KAFKA_BOOTSTRAP = bootstrap;
  try {
    if (interrupted) throw new Error(`Interrupted: ${interrupted}`);
    // A process group of its own: ending jest means ending its workers and whatever they started.
    const child = spawn(
      process.execPath,
      // prettier-ignore
      ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--import=./tools/end-with-parent.mjs',
       'node_modules/jest/bin/jest.js',
       '--config', 'jest.config.mjs', '--json', `--outputFile=${outputFile}`, ...options.jest],
      { cwd: root, env, detached: true, stdio: ['pipe', 'ignore', 'inherit'] },
    );
    jest = child;
    const exitCode = await new Promise((/** @type {(code: number) => void} */ resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
    const json = await readFile(outputFile, 'utf8').catch(() => undefined);
    return { exitCode, result: json === undefined ? undefined : JSON.parse(json) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {string} reason */
function interrupt(reason) {
  if (!interrupted) console.error(`\nInterrupted: ${reason}`);
  interrupted ||= reason;
  if (!jest) {
    // A broker that is about to start, and its data, go with this process.
    console.log('0 passed, 0 failed');
    process.exit(1);
  }
  killJest('SIGTERM');
  setTimeout(() => killJest('SIGKILL'), KILL_AFTER_MS).unref();
}

/** @param {NodeJS.Signals} signal */
function killJest(signal) {
  if (!jest?.pid) return;
  try {
    process.kill(-jest.pid, signal);
  } catch {
    // The group is gone already.
  }
}

/**
 * @param {Awaited<ReturnType<typeof runJest>>} run
 * @param {KafkaForRun} kafka
 * @returns the exit code
 */
function report({ exitCode, result }, kafka) {
  killJest('SIGKILL');
  const passed = result?.numPassedTests ?? 0;
  // A suite that could not even be loaded has no failed test, but it has failed.
  const failed = (result?.numFailedTests ?? 0) + (result?.numRuntimeErrorTestSuites ?? 0);
  const skipped = result?.numPendingTests ?? 0;
  const ok = exitCode === 0 && failed === 0 && passed > 0 && !interrupted;
  if (!ok && kafka.logDir) console.log(`The broker's logs: ${kafka.logDir}`);
  if (!kafka.bootstrap && skipped > 0) {
    console.log(
      `Skipped without Kafka: ${suitesWithSkips(result).join(', ')}; to run them, ${HOW_TO_GET_KAFKA}.`,
    );
  }
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return ok ? 0 : 1;
}

/** @param {JestResult | undefined} result */
function suitesWithSkips(result) {
  return (result?.testResults ?? [])
    .filter(({ assertionResults }) => assertionResults.some(({ status }) => status === 'pending'))
    .map(({ name }) => relative(root, name));
}
