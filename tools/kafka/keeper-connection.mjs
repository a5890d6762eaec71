import { forkKeeper, reachKeeper } from './keeper-channel.mjs';
import { inTime } from './processes.mjs';

/** @import { KeeperMessage, Launch } from './keeper.mjs' */
/** @import { KeeperChannel } from './keeper-channel.mjs' */

const ANSWER_TIMEOUT_MS = 5000;

/** This process's end of a keeper: it does not hold the process open, except while something is awaited. */
export class KeeperConnection {
  #channel;
  #waiting = 0;
  /** @type {Map<number, KeptNode>} */
  #nodes = new Map();
  #ready = later();
  #released = later();
  #closed = later();

  /** @param {KeeperChannel} channel */
  constructor(channel) {
    this.#channel = channel;
    channel.onMessage((message) => this.#receive(message));
    channel.onClose(() => {
      for (const node of this.#nodes.values()) node.end('its keeper is gone');
      this.#closed.resolve('');
    });
  }

  /** Starts a keeper that ends with this process. @param {string} clusterDir removed by the keeper at the end */
  static fork(clusterDir) {
    return new KeeperConnection(forkKeeper(clusterDir));
  }

  /**
   * Reaches a keeper that was released, and learns which nodes run.
   *
   * @param {string} clusterDir
   * @param {number} pid of the keeper
   * @throws if it is gone or does not answer in time
   */
  static async reach(clusterDir, pid) {
    const connection = new KeeperConnection(await reachKeeper(clusterDir, pid));
    try {
      await connection.#answer(connection.#ready.promise);
      return connection;
    } catch (error) {
      connection.#channel.leave();
      throw error;
    }
  }

  get pid() {
    return this.#channel.pid;
  }

  /**
   * @param {number} id
   * @param {Launch} [launch] the one it was started with before, by default
   * @returns {Promise<number>} the pid
   */
  async start(id, launch) {
    const node = new KeptNode();
    this.#nodes.set(id, node);
    this.#channel.send({ type: 'start', id, launch });
    return this.#awaiting(Promise.race([node.started, node.exit.then(failStart)]));
  }

  /** @param {number} id */
  isAlive(id) {
    return this.#nodes.get(id)?.alive ?? false;
  }

  /** @param {number} id @returns the pid of a node that runs */
  pidOf(id) {
    return this.isAlive(id) ? this.#nodes.get(id)?.pid : undefined;
  }

  /** @param {number} id @param {NodeJS.Signals} signal */
  signal(id, signal) {
    this.#channel.send({ type: 'signal', id, signal });
  }

  /** @param {number} id @returns {Promise<string>} why the node ended, once it has */
  exit(id) {
    return this.#awaiting(this.#nodes.get(id)?.exit ?? Promise.resolve('never started'));
  }

  /** Ends all nodes and removes their data. */
  async end() {
    this.#channel.send({ type: 'end' });
    await this.#awaiting(this.#closed.promise);
  }

  /**
   * The nodes live on without this process.
   *
   * @param {number} [untilExitOf] pid of a process they end with
   * @throws if nobody could reach the keeper from then on: it ends with this process, as before
   */
  async release(untilExitOf) {
    this.#channel.send({ type: 'release', untilExitOf });
    const fault = await this.#answer(this.#released.promise);
    if (fault) throw new Error(`The keeper of Kafka's nodes cannot be left alone: ${fault}`);
    this.#channel.leave();
  }

  /** @param {KeeperMessage} message */
  #receive(message) {
    if (message.type === 'started') this.#startedNode(message.id).begin(message.pid);
    else if (message.type === 'exited') this.#nodes.get(message.id)?.end(message.reason);
    else if (message.type === 'ready') this.#ready.resolve('');
    else this.#released.resolve(message.fault ?? '');
  }

  /** Also one that another process has started. @param {number} id */
  #startedNode(id) {
    const known = this.#nodes.get(id);
    if (known?.alive) return known;
    const node = new KeptNode();
    this.#nodes.set(id, node);
    return node;
  }

  /** @param {Promise<string>} message */
  #answer(message) {
    const gone = this.#closed.promise.then(() => {
      throw new Error(`The keeper of Kafka's nodes, pid ${this.pid}, is gone`);
    });
    const fault = `The keeper of Kafka's nodes, pid ${this.pid}, does not answer`;
    return this.#awaiting(inTime(Promise.race([message, gone]), ANSWER_TIMEOUT_MS, fault));
  }

  /** @template T @param {Promise<T>} promise */
  async #awaiting(promise) {
    if (this.#waiting++ === 0) this.#channel.hold(true);
    try {
      return await promise;
    } finally {
      if (--this.#waiting === 0) this.#channel.hold(false);
    }
  }
}

/** One run of a node. */
class KeptNode {
  #started = later();
  #exit = later();
  alive = true;
  pid = 0;
  started = this.#started.promise.then(() => this.pid);
  exit = this.#exit.promise;

  /** @param {number} pid */
  begin(pid) {
    this.pid = pid;
    this.#started.resolve('');
  }

  /** @param {string} reason */
  end(reason) {
    this.alive = false;
    this.#exit.resolve(reason);
  }
}

/** A promise, and what settles it. */
function later() {
  let resolve = /** @type {(text: string) => void} */ (() => undefined);
  const promise = new Promise((/** @type {(text: string) => void} */ settle) => (resolve = settle));
  return { promise, resolve };
}

/** @param {string} reason @returns {never} */
function failStart(reason) {
  throw new Error(`A Kafka node could not be started: ${reason}`);
}
