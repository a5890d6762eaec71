import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** @import { KeeperMessage, Launch, OwnerMessage } from './keeper.mjs' */

const KEEPER = fileURLToPath(new URL('keeper.mjs', import.meta.url));

/** The owner's end of a keeper: it does not hold the owner's process open, except while something is awaited. */
export class KeeperConnection {
  #process;
  #waiting = 0;
  /** @type {Map<number, { exit: Promise<string>, resolve: (reason: string) => void, alive: boolean }>} */
  #nodes = new Map();

  /** @param {string} clusterDir removed by the keeper at the end */
  constructor(clusterDir) {
    this.#process = fork(KEEPER, [clusterDir], { detached: true, stdio: 'ignore', execArgv: [] });
    this.#process.unref();
    this.#process.channel?.unref();
    this.#process.setMaxListeners(0);
    this.#process.on('message', (/** @type {KeeperMessage} */ message) => {
      if (message.type === 'exited') this.#exited(message.id, message.reason);
    });
    this.#process.once('exit', () => {
      for (const id of this.#nodes.keys()) this.#exited(id, 'its keeper is gone');
    });
  }

  get pid() {
    return this.#process.pid ?? 0;
  }

  /** @param {number} id @param {Launch} launch @returns {Promise<number>} the pid */
  async start(id, launch) {
    let resolve = /** @type {(reason: string) => void} */ (() => undefined);
    const exit = new Promise((/** @type {(reason: string) => void} */ done) => (resolve = done));
    this.#nodes.set(id, { exit, resolve, alive: true });
    this.#send({ type: 'start', id, launch });
    return this.#awaiting(Promise.race([this.#startedPid(id), exit.then(failStart)]));
  }

  /** @param {number} id */
  isAlive(id) {
    return this.#nodes.get(id)?.alive ?? false;
  }

  /** @param {number} id @param {NodeJS.Signals} signal */
  signal(id, signal) {
    this.#send({ type: 'signal', id, signal });
  }

  /** @param {number} id @returns {Promise<string>} why the node ended, once it has */
  exit(id) {
    return this.#awaiting(this.#nodes.get(id)?.exit ?? Promise.resolve('never started'));
  }

  /** Ends all nodes and removes their data. */
  async end() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#send({ type: 'end' });
    await this.#awaiting(exit);
  }

  /** The nodes live on without this process. @param {number} [untilExitOf] pid of a process they end with */
  release(untilExitOf) {
    this.#send({ type: 'release', untilExitOf });
    this.#process.disconnect();
  }

  /** @param {number} id @param {string} reason */
  #exited(id, reason) {
    const node = this.#nodes.get(id);
    if (!node) return;
    node.alive = false;
    node.resolve(reason);
  }

  /** @param {number} id @returns {Promise<number>} */
  #startedPid(id) {
    return new Promise((resolve) => {
      const listener = (/** @type {KeeperMessage} */ message) => {
        if (message.type !== 'started' || message.id !== id) return;
        this.#process.off('message', listener);
        resolve(message.pid);
      };
      this.#process.on('message', listener);
    });
  }

  /** @template T @param {Promise<T>} promise */
  async #awaiting(promise) {
    if (this.#waiting++ === 0) this.#hold(true);
    try {
      return await promise;
    } finally {
      if (--this.#waiting === 0) this.#hold(false);
    }
  }

  /** @param {boolean} hold */
  #hold(hold) {
    if (hold) {
      this.#process.ref();
      this.#process.channel?.ref();
    } else {
      this.#process.unref();
      this.#process.channel?.unref();
    }
  }

  /** @param {OwnerMessage} message */
  #send(message) {
    // A keeper that is gone has taken its nodes along; who waits for them learns that from its exit.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }
}

/** @param {string} reason @returns {never} */
function failStart(reason) {
  throw new Error(`A Kafka node could not be started: ${reason}`);
}
