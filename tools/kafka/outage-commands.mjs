import { ClusterNodes } from './cluster-nodes.mjs';
import { givenBroker, names, notOurs } from './given-broker.mjs';
import { nodeLines } from './report.mjs';
import { findRunning, liveNodes, writeState } from './state.mjs';

/**
 * Ends nodes by SIGKILL; their ports and data stay their own.
 *
 * @param {string} [node] every one that runs, by default
 * @returns {Promise<number>} the exit code
 */
export async function kill(node) {
  const cluster = await reachCluster('killed');
  const live = await liveNodes(cluster);
  const doomed = chosen(cluster, node).filter((id) => live.includes(id));
  if (doomed.length === 0) throw new Error(`Nothing was killed: down already\n${await nodeLines(cluster)}`);
  await Promise.all(doomed.map((id) => cluster.killNode(id)));
  console.log(await nodeLines(cluster));
  return 0;
}

/**
 * Starts nodes again, on their ports and data; those that still run are shut down in an orderly way before.
 *
 * @param {string} [node] every one that is down, by default, or if none is, all, one after the other
 * @returns {Promise<number>} the exit code
 */
export async function restart(node) {
  const cluster = await reachCluster('restarted');
  const live = await liveNodes(cluster);
  const candidates = chosen(cluster, node);
  const down = candidates.filter((id) => !live.includes(id));
  const running = node === undefined && down.length > 0 ? [] : candidates.filter((id) => live.includes(id));
  requireMajority(cluster, live.length + down.length);
  const started = Date.now();
  try {
    await Promise.all(down.map((id) => cluster.startNode(id)));
    for (const id of running) {
      await cluster.stopNode(id);
      await cluster.startNode(id);
    }
  } finally {
    await writeState(cluster);
  }
  console.log(
    `Kafka answers after ${((Date.now() - started) / 1000).toFixed(1)} s.\n${await nodeLines(cluster)}`,
  );
  return 0;
}

/** @param {string} done what is to be done to it */
async function reachCluster(done) {
  const running = await findRunning();
  const given = givenBroker();
  if (!running) {
    throw given
      ? notOurs(given, done)
      : new Error(`Nothing was ${done}: Kafka is not running. To start it: npm run kafka -- start`);
  }
  if (!(running instanceof ClusterNodes)) {
    throw new Error(
      `Nothing was ${done}: Kafka's keeper, pid ${running.keeperPid}, is gone or does not answer. ` +
        'To end what it has left: npm run kafka -- stop',
    );
  }
  if (given && !names(given, running)) {
    console.log(`KAFKA_BOOTSTRAP=${given} names another broker, which is left alone.`);
  }
  return running;
}

/** @param {ClusterNodes} cluster @param {string | undefined} node */
function chosen({ nodes }, node) {
  const ids = nodes.map(({ id }) => id);
  if (node === undefined) return ids;
  const id = ids.find((each) => String(each) === node);
  if (id === undefined) throw new Error(`There is no node ${node}: there are ${ids.join(', ')}`);
  return [id];
}

/** Without one, nodes that are started wait for the others in vain. @param {ClusterNodes} cluster @param {number} count */
function requireMajority({ nodes }, count) {
  if (2 * count > nodes.length) return;
  throw new Error(
    `Nothing was restarted: ${count} of ${nodes.length} nodes is no majority, and a node without one does not answer. ` +
      'To start all that are down: npm run kafka -- restart',
  );
}
