import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClusterNodes } from './cluster-nodes.mjs';
import { stateDir } from './paths.mjs';
import { becomesTrue, isAlive, signalIfAlive } from './processes.mjs';

/**
 * What `start` writes down for the other commands.
 *
 * @typedef {object} RunningCluster
 * @property {string} bootstrap
 * @property {string} clusterDir part of the command line of every process of the cluster
 * @property {number} keeperPid
 * @property {readonly { id: number, port: number, pid: number, logFile: string }[]} nodes
 */

const stateFile = () => join(stateDir(), 'running.json');

// The keeper gives the nodes two seconds, then kills them.
const STOP_TIMEOUT_MS = 15_000;

/** @returns {Promise<RunningCluster | undefined>} what was written down, running or not */
export async function readState() {
  const text = await readFile(stateFile(), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/**
 * The cluster that was written down, unless nothing of it runs any more. It is `ClusterNodes` if its keeper answers;
 * then the pids are the keeper's word: a restart that was interrupted has not written its own down.
 *
 * @returns {Promise<RunningCluster | ClusterNodes | undefined>}
 */
export async function findRunning() {
  const state = await readState();
  if (!state) return undefined;
  if (await isAlive(state.keeperPid, state.clusterDir)) return ClusterNodes.of(state).catch(() => state);
  return (await liveNodes(state)).length > 0 ? state : undefined;
}

/** @param {RunningCluster} cluster */
export async function writeState({ bootstrap, clusterDir, keeperPid, nodes }) {
  await mkdir(stateDir(), { recursive: true });
  await writeFile(stateFile(), `${JSON.stringify({ bootstrap, clusterDir, keeperPid, nodes }, null, 2)}\n`);
}

/** @param {RunningCluster} cluster @returns {Promise<number[]>} the ids of the nodes whose process lives */
export async function liveNodes({ clusterDir, nodes }) {
  const alive = await Promise.all(nodes.map(({ pid }) => isAlive(pid, clusterDir)));
  return nodes.filter((_, index) => alive[index]).map(({ id }) => id);
}

/**
 * Ends every process of the cluster, by force if asking does not help, and removes its data.
 *
 * @param {RunningCluster} cluster
 */
export async function endCluster(cluster) {
  const { clusterDir, keeperPid, nodes } = cluster;
  const pids = [keeperPid, ...nodes.map(({ pid }) => pid)];
  const gone = async () => !(await Promise.all(pids.map((pid) => isAlive(pid, clusterDir)))).includes(true);
  const keeperLives = await isAlive(keeperPid, clusterDir);
  for (const pid of keeperLives ? [keeperPid] : pids) await signalIfAlive(pid, clusterDir, 'SIGTERM');
  if (!(await becomesTrue(gone, STOP_TIMEOUT_MS))) {
    for (const pid of pids) await signalIfAlive(pid, clusterDir, 'SIGKILL');
  }
  if (!(await becomesTrue(gone, STOP_TIMEOUT_MS))) throw new Error(`Processes ${pids.join(', ')} do not end`);
  await rm(clusterDir, { recursive: true, force: true });
  await rm(stateFile(), { force: true });
}
