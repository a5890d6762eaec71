import { startCluster } from './cluster.mjs';
import { askGiven, givenBroker, names } from './given-broker.mjs';
import { TRIAL, address, nodeLines, secureAddress } from './report.mjs';
import { endCluster, findRunning, liveNodes, readState, writeState } from './state.mjs';

/** @import { RunningCluster } from './state.mjs' */

/**
 * @typedef {object} StartOptions
 * @property {number} nodes
 * @property {number} rebalanceDelayMs
 * @property {Readonly<Record<string, string>>} properties
 * @property {boolean} secure
 * @property {number} [untilExitOf]
 */

/**
 * Starts a cluster and leaves it running, if there is none.
 *
 * @param {StartOptions} options
 * @returns {Promise<number>} the exit code
 */
export async function start(options) {
  const running = await findRunning();
  const given = givenBroker();
  if (given && !(running && names(given, running))) {
    console.log(await askGiven(given));
    return 0;
  }
  if (running) return tellRunning(running);
  const leftOver = await readState();
  if (leftOver) await endCluster(leftOver);
  const started = Date.now();
  const { secure, untilExitOf, ...ofCluster } = options;
  const cluster = await startCluster({ ...ofCluster, security: secure ? TRIAL : undefined });
  await writeState(cluster);
  await cluster.release(untilExitOf);
  console.log(
    `Kafka answers after ${((Date.now() - started) / 1000).toFixed(1)} s.\n${address(cluster.bootstrap)}`,
  );
  if (secure) console.log(secureAddress(cluster));
  return 0;
}

/** Whoever has killed a node wants it back, or another cluster: that is not for this command to guess. @param {RunningCluster} running */
async function tellRunning(running) {
  const live = await liveNodes(running);
  if (live.length === 0) {
    throw new Error(
      'Kafka was started, but is down. With its data on its port again: npm run kafka -- restart; ' +
        'to remove it: npm run kafka -- stop',
    );
  }
  console.log(`Kafka is running already (npm run kafka -- stop ends it).\n${address(running.bootstrap)}`);
  if (live.length < running.nodes.length) console.log(await nodeLines(running));
  return 0;
}
