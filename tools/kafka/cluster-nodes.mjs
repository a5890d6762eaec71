import { KeeperConnection } from './keeper-connection.mjs';
import { LogReader } from './logs.mjs';
import { ping } from './ping.mjs';
import { becomesTrue, inTime } from './processes.mjs';

/** @import { Launch } from './keeper.mjs' */

const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;

/**
 * @typedef {object} ClusterNode
 * @property {number} id
 * @property {number} port
 * @property {import('./server-properties.mjs').ProxiedAddress} [behindProxy]
 * @property {import('./server-properties.mjs').SecurePorts} [securePorts]
 * @property {number} pid of the running or last run JVM
 * @property {string} logFile
 */

/** The nodes of a cluster that a keeper runs, and what can be done to them. */
export class ClusterNodes {
  #keeper;

  /**
   * @param {string} clusterDir
   * @param {readonly ClusterNode[]} nodes
   * @param {KeeperConnection} keeper
   */
  constructor(clusterDir, nodes, keeper) {
    this.clusterDir = clusterDir;
    this.nodes = nodes;
    /** What clients connect to: `host:port[,…]`. */
    this.bootstrap = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
    this.#keeper = keeper;
  }

  /**
   * Those of a cluster that was released, maybe by another process.
   *
   * @param {{ clusterDir: string, keeperPid: number, nodes: readonly ClusterNode[] }} released
   * @throws if its keeper is gone or does not answer
   */
  static async of({ clusterDir, keeperPid, nodes }) {
    const keeper = await KeeperConnection.reach(clusterDir, keeperPid);
    const current = nodes.map((node) => ({ ...node, pid: keeper.pidOf(node.id) ?? node.pid }));
    return new ClusterNodes(clusterDir, current, keeper);
  }

  get keeperPid() {
    return this.#keeper.pid;
  }

  /**
   * Sends a signal to a node. For one that ends a process, resolves when the node is gone; data stays.
   *
   * @param {number} id
   * @param {NodeJS.Signals} [signal] `SIGSTOP` and `SIGCONT` freeze and thaw it
   * @throws if the node has not ended after a minute
   */
  async killNode(id, signal = 'SIGKILL') {
    this.#node(id);
    this.#keeper.signal(id, signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    await inTime(this.#keeper.exit(id), 2 * STOP_TIMEOUT_MS, `Kafka node ${id} does not end by ${signal}`);
  }

  /** Shuts a node down in an orderly way (forced after 30 s); its port and data stay its own. @param {number} id */
  async stopNode(id) {
    const forced = setTimeout(() => this.#keeper.signal(id, 'SIGKILL'), STOP_TIMEOUT_MS);
    await this.killNode(id, 'SIGTERM').finally(() => clearTimeout(forced));
  }

  /** Starts a stopped node again, on its port and data; resolves when it answers. @param {number} id */
  async startNode(id) {
    if (this.#keeper.isAlive(id)) throw new Error(`Node ${id} is running`);
    await this.runNode(id);
    await this.answer(`127.0.0.1:${this.#node(id).port}`, [id]);
  }

  /**
   * Resolves when the node says that it has started.
   *
   * @protected
   * @param {number} id
   * @param {Launch} [launch] the one it was started with before, by default
   */
  async runNode(id, launch) {
    const node = this.#node(id);
    const log = await LogReader.fromEnd(node.logFile);
    node.pid = await this.#keeper.start(id, launch);
    const settled = await becomesTrue(
      async () => (await log.contains('Kafka Server started')) || !this.#keeper.isAlive(id),
      START_TIMEOUT_MS,
    );
    if (settled && this.#keeper.isAlive(id)) return;
    const what = settled ? `ended: ${await this.#keeper.exit(id)}` : 'was not ready in time';
    throw new Error(`Kafka node ${id} ${what}. Its log, ${node.logFile}, ends:\n${await log.tail()}`);
  }

  /** @protected @param {string} bootstrap @param {readonly number[]} ids */
  async answer(bootstrap, ids) {
    const all = await becomesTrue(async () => {
      const up = await ping(bootstrap).catch(() => /** @type {number[]} */ ([]));
      return ids.every((id) => up.includes(id));
    }, START_TIMEOUT_MS);
    if (!all) throw new Error(`Kafka at ${bootstrap} started but does not answer as nodes ${ids.join(', ')}`);
  }

  /** @param {number} id */
  #node(id) {
    const node = this.nodes.find((each) => each.id === id);
    if (!node) throw new Error(`There is no node ${id}`);
    return node;
  }
}
