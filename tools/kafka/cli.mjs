// npm run kafka -- start|stop|status: a real broker for tests and samples.
import { parseArgs } from 'node:util';
import { startCluster } from './cluster.mjs';
import { ping } from './ping.mjs';
import { endCluster, liveNodes, readState, writeState } from './state.mjs';

/** @import { Cluster } from './cluster.mjs' */

/** For a first try, on this machine only: everybody may know these. */
const TRIAL = { users: { admin: 'admin-secret', alice: 'alice-secret' }, admins: ['admin'] };

const USAGE = `Usage: npm run kafka -- <command>

  start    starts Apache Kafka on free ports of 127.0.0.1 and leaves it running
             --nodes <n>             1 by default; 3 replicate everything
             --rebalance-delay <ms>  group.initial.rebalance.delay.ms, 0 by default
             --until-exit-of <pid>   ends with that process, if it is not stopped before
             --set <name>=<value>    a further broker property; may be repeated
             --secure                also listens with TLS, SASL and ACLs; needs Java
  status   says what is running (exit code 0) or that nothing is (1)
  stop     ends it and removes its data

With KAFKA_BOOTSTRAP=host:port[,…] set, start and status only ask that broker, and stop leaves it alone.`;

/** @type {Record<string, () => Promise<number>>} */
const commands = { start, status, stop };
const { values, positionals } = parseArguments();
const command = commands[positionals[0] ?? ''];
if (!command || positionals.length > 1) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await command();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

function parseArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        nodes: { type: 'string', default: '1' },
        'rebalance-delay': { type: 'string', default: '0' },
        'until-exit-of': { type: 'string' },
        set: { type: 'string', multiple: true, default: [] },
        secure: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    console.error(`${/** @type {Error} */ (error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function start() {
  if (process.env.KAFKA_BOOTSTRAP) return askForeign(process.env.KAFKA_BOOTSTRAP);
  const state = await readState();
  if (state && (await liveNodes(state)).length > 0) {
    console.log(`Kafka is running already (npm run kafka -- stop ends it).\n${address(state.bootstrap)}`);
    return 0;
  }
  if (state) await endCluster(state);
  const started = Date.now();
  const untilExitOf = values['until-exit-of'];
  const cluster = await startCluster({
    nodes: wholeNumber('nodes', values.nodes, 1),
    rebalanceDelayMs: wholeNumber('rebalance-delay', values['rebalance-delay'], 0),
    properties: Object.fromEntries(values.set.map(toProperty)),
    security: values.secure ? TRIAL : undefined,
  });
  await writeState(cluster);
  cluster.release(untilExitOf === undefined ? undefined : wholeNumber('until-exit-of', untilExitOf, 1));
  console.log(
    `Kafka answers after ${((Date.now() - started) / 1000).toFixed(1)} s.\n${address(cluster.bootstrap)}`,
  );
  if (values.secure) console.log(secureAddress(cluster));
  return 0;
}

async function status() {
  if (process.env.KAFKA_BOOTSTRAP) return askForeign(process.env.KAFKA_BOOTSTRAP);
  const state = await readState();
  const live = state ? await liveNodes(state) : [];
  if (!state || live.length === 0) {
    console.log('Kafka is not running.');
    return 1;
  }
  console.log(address(state.bootstrap));
  for (const { id, pid, port, logFile } of state.nodes) {
    const what = live.includes(id) ? `pid ${pid}, 127.0.0.1:${port}` : 'down';
    console.log(`node ${id}: ${what}, log ${logFile}`);
  }
  return 0;
}

async function stop() {
  if (process.env.KAFKA_BOOTSTRAP) {
    console.log(`KAFKA_BOOTSTRAP=${process.env.KAFKA_BOOTSTRAP} is set: that broker is left alone.`);
    return 0;
  }
  const state = await readState();
  if (state) await endCluster(state);
  console.log(state ? 'Kafka has stopped; its data is removed.' : 'Kafka is not running.');
  return 0;
}

/** @param {string} bootstrap */
async function askForeign(bootstrap) {
  const brokers = await ping(bootstrap).catch((/** @type {Error} */ error) => {
    throw new Error(`KAFKA_BOOTSTRAP=${bootstrap} is set, but no broker answers there: ${error.message}`);
  });
  console.log(`KAFKA_BOOTSTRAP=${bootstrap} answers, with ${brokers.length} broker(s).`);
  return 0;
}

/** @param {string} bootstrap */
function address(bootstrap) {
  return `${bootstrap}\nexport KAFKA_BOOTSTRAP=${bootstrap}`;
}

/** @param {Cluster} cluster */
function secureAddress({ security, saslBootstrap, tlsBootstrap }) {
  const users = Object.entries(TRIAL.users).map(([name, password]) => {
    const rights = TRIAL.admins.includes(name) ? 'who may do everything' : 'who needs ACLs';
    return `  user ${name}, password ${password}, ${rights}`;
  });
  return [
    `TLS, with the certificate authority ${security?.caFile}:`,
    `${saslBootstrap} by SASL: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER (tokens without a signature)`,
    ...users,
    `${tlsBootstrap} by a certificate: ${security?.clientFile}, passphrase ${security?.clients.mary?.passphrase}, User:CN=mary`,
    'There are no ACLs for who comes without TLS.',
  ].join('\n');
}

/** @param {string} name @param {string} text @param {number} least */
function wholeNumber(name, text, least) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least)
    throw new Error(`--${name} takes a number from ${least}, not ${text}`);
  return number;
}

/** @param {string} text @returns {[string, string]} */
function toProperty(text) {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`--set takes name=value, not ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
