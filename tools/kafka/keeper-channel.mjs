import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';
import { onJsonLine, writeJsonLine } from './json-lines.mjs';
import { keeperSocket } from './paths.mjs';

/** @import { KeeperMessage, OwnerMessage } from './keeper.mjs' */

const KEEPER = fileURLToPath(new URL('keeper.mjs', import.meta.url));

/**
 * A way to a keeper. It does not hold this process open unless it is told to.
 *
 * @typedef {object} KeeperChannel
 * @property {number} pid of the keeper
 * @property {(message: OwnerMessage) => void} send does nothing once the channel is closed
 * @property {(listener: (message: KeeperMessage) => void) => void} onMessage
 * @property {(listener: () => void) => void} onClose
 * @property {(hold: boolean) => void} hold whether this process stays open for it
 * @property {() => void} leave closes it on this side
 */

/**
 * Starts a keeper that ends with this process, unless it is released.
 *
 * @param {string} clusterDir removed by the keeper at the end
 * @returns {KeeperChannel}
 */
export function forkKeeper(clusterDir) {
  const keeper = fork(KEEPER, [clusterDir], { detached: true, stdio: 'ignore', execArgv: [] });
  keeper.unref();
  keeper.channel?.unref();
  return {
    pid: keeper.pid ?? 0,
    // A keeper that is gone has taken its nodes along; who waits for them learns that from its exit.
    send: (message) => void (keeper.connected && keeper.send(message, () => undefined)),
    onMessage: (listener) => void keeper.on('message', listener),
    onClose: (listener) => void keeper.once('exit', listener),
    hold(hold) {
      for (const part of [keeper, keeper.channel]) {
        if (hold) part?.ref();
        else part?.unref();
      }
    },
    leave: () => keeper.disconnect(),
  };
}

/**
 * Reaches a keeper that was released, maybe by another process.
 *
 * @param {string} clusterDir
 * @param {number} pid of the keeper
 * @returns {Promise<KeeperChannel>}
 * @throws if none listens there
 */
export async function reachKeeper(clusterDir, pid) {
  const socket = createConnection(keeperSocket(clusterDir));
  await once(socket, 'connect');
  socket.unref();
  return {
    pid,
    send: (message) => writeJsonLine(socket, message),
    onMessage: (listener) => onJsonLine(socket, listener),
    onClose: (listener) => void socket.once('close', listener),
    hold: (hold) => void (hold ? socket.ref() : socket.unref()),
    leave: () => socket.destroy(),
  };
}
