// Runs the nodes of one cluster and outlives whoever asked for them just long enough to end them: a
// process of its own session, so that neither Ctrl-C nor a `kill -9` of the owner passes it by.
// The owner holds the other end of the IPC channel; when that closes, for whatever reason, the nodes
// end and their data goes. Only a "release" message lets them live on, until this process gets SIGTERM (or another one ends):
// from then on it listens on a socket in the cluster's folder, which only its user may enter. A node that ends keeps its
// port and data, to be started again.
//
//   node keeper.mjs <cluster folder>
import { execFile, spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { onJsonLine, writeJsonLine } from './json-lines.mjs';
import { keeperSocket } from './paths.mjs';

/** @import { Socket } from 'node:net' */

/**
 * @typedef {{ command: string, args: string[], logFile: string, container?: string }} Launch
 *
 * @typedef {{ type: 'start', id: number, launch?: Launch }
 *   | { type: 'signal', id: number, signal: NodeJS.Signals }
 *   | { type: 'release', untilExitOf?: number }
 *   | { type: 'end' }} OwnerMessage
 *
 * @typedef {{ type: 'started', id: number, pid: number }
 *   | { type: 'exited', id: number, reason: string }
 *   | { type: 'ready' }
 *   | { type: 'released', fault?: string }} KeeperMessage
 *
 * @typedef {(message: KeeperMessage) => void} Peer who listens to this keeper
 */

const GRACE_MS = 2000;
const clusterDir = process.argv[2] ?? '';
const run = promisify(execFile);

/** @type {Map<number, { child: import('node:child_process').ChildProcess, launch: Launch, exit: Promise<void> }>} */
const nodes = new Map();
/** Of each node that ever ran, so that it can be started again. @type {Map<number, Launch>} */
const launches = new Map();
/** @type {Set<string>} */
const containers = new Set();
/** @type {Set<Peer>} */
const peers = new Set([tellOwner]);
let released = false;
/** @type {Promise<void> | undefined} */
let ending;

process.on('message', (/** @type {OwnerMessage} */ message) => receive(message, tellOwner));
process.on('disconnect', () => {
  if (!released) void end('SIGKILL');
});
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) {
  process.on(signal, () => void end('SIGTERM'));
}

/** @param {OwnerMessage} message @param {Peer} peer who sent it */
function receive(message, peer) {
  if (message.type === 'start') startNode(message.id, message.launch ?? launches.get(message.id), peer);
  else if (message.type === 'signal') signalNode(message.id, message.signal);
  else if (message.type === 'release') release(message.untilExitOf, peer);
  else void end('SIGTERM');
}

/** @param {number | undefined} pid of the process to outlive no more than a second @param {Peer} peer */
function release(pid, peer) {
  const path = keeperSocket(clusterDir);
  createServer(welcome)
    .once('error', ({ message }) => peer({ type: 'released', fault: message }))
    .listen(path, () => {
      released = true;
      if (pid !== undefined) endWith(pid);
      peer({ type: 'released' });
    });
}

/** @param {number} pid */
function endWith(pid) {
  setInterval(() => {
    try {
      process.kill(pid, 0);
    } catch {
      void end('SIGKILL');
    }
  }, 1000);
}

/** Who comes by the socket may leave again: nothing ends with it. @param {Socket} socket */
function welcome(socket) {
  const peer = (/** @type {KeeperMessage} */ message) => writeJsonLine(socket, message);
  for (const [id, { child }] of nodes) {
    if (child.pid) peer({ type: 'started', id, pid: child.pid });
  }
  peer({ type: 'ready' });
  peers.add(peer);
  socket.once('close', () => peers.delete(peer));
  onJsonLine(socket, (message) => receive(message, peer));
}

/** @param {number} id @param {Launch | undefined} launch @param {Peer} peer who wants it */
function startNode(id, launch, peer) {
  const refusal = ending ? 'all are being ended' : nodes.has(id) && 'it is running already';
  if (refusal || !launch) return peer({ type: 'exited', id, reason: refusal || 'it never ran before' });
  launches.set(id, launch);
  const log = openSync(launch.logFile, 'a');
  const child = spawn(launch.command, launch.args, {
    cwd: dirname(launch.logFile),
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  if (launch.container) containers.add(launch.container);
  const exit = new Promise((/** @type {(reason: string) => void} */ resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  }).then((reason) => {
    nodes.delete(id);
    tellAll({ type: 'exited', id, reason });
  });
  nodes.set(id, { child, launch, exit });
  if (child.pid) tellAll({ type: 'started', id, pid: child.pid });
}

/** @param {number} id @param {NodeJS.Signals} signal */
function signalNode(id, signal) {
  const node = nodes.get(id);
  if (node?.launch.container) {
    run('docker', ['kill', `--signal=${signal}`, node.launch.container]).catch(() => undefined);
  } else {
    node?.child.kill(signal);
  }
}

/** @param {'SIGTERM' | 'SIGKILL'} firstSignal */
function end(firstSignal) {
  ending ??= endAll(firstSignal);
  return ending;
}

/** @param {'SIGTERM' | 'SIGKILL'} firstSignal */
async function endAll(firstSignal) {
  const signalAll = (/** @type {NodeJS.Signals} */ signal) => {
    for (const id of nodes.keys()) signalNode(id, signal);
  };
  signalAll(firstSignal);
  const forced = setTimeout(() => signalAll('SIGKILL'), GRACE_MS);
  await Promise.all([...nodes.values()].map(({ exit }) => exit));
  clearTimeout(forced);
  for (const container of containers) {
    await run('docker', ['rm', '--force', container]).catch(() => undefined);
    await run('docker', ['volume', 'rm', '--force', container]).catch(() => undefined);
  }
  await rm(clusterDir, { recursive: true, force: true, maxRetries: 3 });
  process.exit();
}

/** @param {KeeperMessage} message */
function tellAll(message) {
  for (const peer of peers) peer(message);
}

/** @param {KeeperMessage} message */
function tellOwner(message) {
  // The owner may be gone between the check and the write: nothing to tell then.
  if (process.connected) process.send?.(message, () => undefined);
}
