import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { classArchiveFlags } from './class-archive.mjs';
import { findInstallation } from './installation.mjs';
import { KeeperConnection } from './keeper-connection.mjs';
import { prepareLaunch } from './launch.mjs';
import { newLogDir, LogReader } from './logs.mjs';
import { ping } from './ping.mjs';
import { freePorts } from './ports.mjs';
import { becomesTrue, signalIfAlive } from './processes.mjs';
import { prepareSecurity } from './security.mjs';
import { runTool } from './tools.mjs';

/** @import { Installation } from './installation.mjs' */
/** @import { NodeLaunch } from './launch.mjs' */
/** @import { Security, SecurityOptions } from './security.mjs' */
/** @import { ToolName } from './tools.mjs' */

const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;
/** Without TLS, of the controller, of a proxy, for SASL, for TLS. */
const PORTS_PER_NODE = 5;

/**
 * @typedef {object} ClusterOptions
 * @property {number} [nodes] 1 by default; 3 replicate everything, with two in-sync replicas required
 * @property {number} [rebalanceDelayMs] `group.initial.rebalance.delay.ms`: 0 here, 3000 on a default broker
 * @property {Readonly<Record<string, string>>} [properties] further broker properties, the last word
 * @property {boolean} [forLoad] run with the JVM settings of Kafka's own scripts, as brokers do that are measured; by
 *   default with some that start quickly and take little memory
 * @property {(port: number) => Promise<number>} [proxy] called for each node with a further port of it; starts a proxy
 *   to that port and resolves with its own, which clients that came by a proxy are told. See `proxiedBootstrap`
 * @property {SecurityOptions} [security] also listen for TLS and SASL, and let in by ACLs who comes that way
 * @property {string} [logDir] where each node's log goes; a new folder of the project's by default
 *
 * @typedef {object} ClusterNode
 * @property {number} id
 * @property {number} port
 * @property {import('./server-properties.mjs').ProxiedAddress} [behindProxy]
 * @property {import('./server-properties.mjs').SecurePorts} [securePorts]
 * @property {number} pid of the running or last run JVM
 * @property {string} logFile
 */

/**
 * Starts a cluster of its own on free ports of 127.0.0.1 and resolves when every node has answered.
 * It ends, and its data goes, when this process ends in any way, unless it was released.
 *
 * @param {ClusterOptions} [options]
 * @throws {import('./installation.mjs').KafkaUnavailableError} if no broker can be run here
 */
export async function startCluster(options = {}) {
  const installation = await findInstallation();
  const jvmFlags = await classArchiveFlags(installation, (flags) => launchCluster(installation, {}, flags));
  return launchCluster(installation, options, jvmFlags);
}

/**
 * @param {Installation} installation
 * @param {ClusterOptions} options
 * @param {readonly string[]} jvmFlags
 */
async function launchCluster(installation, options, jvmFlags) {
  const { nodes: count = 1, rebalanceDelayMs = 0, forLoad = false, properties = {} } = options;
  const clusterDir = await mkdtemp(join(await realpath(tmpdir()), 'async-calls-kafka-'));
  const logDir = options.logDir ?? (await newLogDir(basename(clusterDir)));
  await mkdir(logDir, { recursive: true });
  const security = options.security && (await secured(installation, clusterDir, options.security));
  const ports = await freePorts(PORTS_PER_NODE * count);
  const nodes = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const [port = 0, controllerPort = 0, behindProxy = 0, sasl = 0, tls = 0] = ports.slice(
        PORTS_PER_NODE * index,
      );
      return {
        id: index + 1,
        port,
        controllerPort,
        behindProxy: await proxied(behindProxy, options.proxy),
        securePorts: security && { sasl, tls },
        pid: 0,
        logFile: join(logDir, `node-${index + 1}.log`),
      };
    }),
  );
  const common = {
    clusterDir,
    clusterId: newClusterId(),
    nodes,
    rebalanceDelayMs,
    properties: { ...security?.properties, ...properties },
    forLoad,
    jvmFlags,
    formatArgs: security?.formatArgs ?? [],
  };
  const cluster = new Cluster(installation, clusterDir, nodes, security);
  try {
    const launches = await Promise.all(
      nodes.map((node) => prepareLaunch(installation, { ...common, node, logFile: node.logFile })),
    );
    await cluster.start(launches);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** @param {number} port @param {ClusterOptions['proxy']} proxy */
async function proxied(port, proxy) {
  return proxy && { port, proxyPort: await proxy(port) };
}

/** @param {Installation} installation @param {string} clusterDir @param {SecurityOptions} options */
function secured(installation, clusterDir, options) {
  if (installation.kind !== 'java') throw new Error('TLS and SASL need Java and Maven, not Docker.');
  return prepareSecurity(installation, join(clusterDir, 'keys'), options);
}

function newClusterId() {
  const id = randomBytes(16);
  // An id that begins with "-" reads like an option on the command line of Kafka's format tool.
  id[0] = 0;
  return id.toString('base64url');
}

/** A running cluster and what can be done to it. */
export class Cluster {
  #installation;
  #keeper;
  /** @type {Map<number, NodeLaunch>} */
  #launches = new Map();

  /**
   * @param {Installation} installation
   * @param {string} clusterDir
   * @param {readonly ClusterNode[]} nodes
   * @param {Security} [security]
   */
  constructor(installation, clusterDir, nodes, security) {
    this.#installation = installation;
    this.security = security;
    this.clusterDir = clusterDir;
    this.nodes = nodes;
    /** What clients connect to: `host:port[,…]`. */
    this.bootstrap = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
    /** What clients connect to by way of the proxies; empty if there are none. */
    this.proxiedBootstrap = nodes
      .flatMap(({ behindProxy }) => (behindProxy ? [`127.0.0.1:${behindProxy.proxyPort}`] : []))
      .join(',');
    /** What clients connect to that have a name and a password, or a token; empty without `security`. */
    this.saslBootstrap = nodes
      .flatMap(({ securePorts }) => (securePorts ? [`127.0.0.1:${securePorts.sasl}`] : []))
      .join(',');
    /** What clients connect to that have a certificate; empty without `security`. */
    this.tlsBootstrap = nodes
      .flatMap(({ securePorts }) => (securePorts ? [`127.0.0.1:${securePorts.tls}`] : []))
      .join(',');
    this.#keeper = new KeeperConnection(clusterDir);
  }

  get keeperPid() {
    return this.#keeper.pid;
  }

  /** @param {readonly NodeLaunch[]} launches in the order of the nodes */
  async start(launches) {
    launches.forEach((launch, index) => this.#launches.set(index + 1, launch));
    await Promise.all(this.nodes.map(({ id }) => this.#format(id)));
    await Promise.all(this.nodes.map(({ id }) => this.#run(id)));
    await this.#answers(
      this.bootstrap,
      this.nodes.map(({ id }) => id),
    );
  }

  /** Ends all nodes and removes their data. Safe to call twice. */
  async stop() {
    await this.#keeper.end();
    // Only a keeper that was killed itself leaves something over.
    await Promise.all(this.nodes.map(({ pid }) => signalIfAlive(pid, this.clusterDir, 'SIGKILL')));
    await rm(this.clusterDir, { recursive: true, force: true, maxRetries: 3 });
  }

  /**
   * Sends a signal to a node. For one that ends a process, resolves when the node is gone; data stays.
   *
   * @param {number} id
   * @param {NodeJS.Signals} [signal] `SIGSTOP` and `SIGCONT` freeze and thaw it
   */
  async killNode(id, signal = 'SIGKILL') {
    this.#node(id);
    this.#keeper.signal(id, signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await this.#keeper.exit(id);
  }

  /** Shuts a node down in an orderly way (forced after 30 s); its port and data stay its own. @param {number} id */
  async stopNode(id) {
    const forced = setTimeout(() => this.#keeper.signal(id, 'SIGKILL'), STOP_TIMEOUT_MS);
    await this.killNode(id, 'SIGTERM');
    clearTimeout(forced);
  }

  /** Starts a stopped node again, on its port and data; resolves when it answers. @param {number} id */
  async startNode(id) {
    if (this.#keeper.isAlive(id)) throw new Error(`Node ${id} is running`);
    await this.#run(id);
    await this.#answers(`127.0.0.1:${this.#node(id).port}`, [id]);
  }

  /**
   * Runs one of Kafka's own tools, by the port that ACLs do not hold for; resolves with what it prints.
   *
   * @param {ToolName} name
   * @param {readonly string[]} args without `--bootstrap-server`
   */
  tool(name, args) {
    return runTool(this.#installation, name, ['--bootstrap-server', this.bootstrap, ...args]);
  }

  /**
   * Lets the cluster live on after this process, until its keeper is told to end.
   *
   * @param {number} [untilExitOf] pid of another process that it ends with
   */
  release(untilExitOf) {
    this.#keeper.release(untilExitOf);
  }

  /** By the keeper, too: a JVM of ours would write on if this process were killed. @param {number} id */
  async #format(id) {
    const format = this.#launches.get(id)?.format;
    if (!format) return;
    const formatId = -id;
    const log = await LogReader.fromEnd(format.logFile);
    await this.#keeper.start(formatId, format);
    const reason = await this.#keeper.exit(formatId);
    if (reason === 'exit code 0') return;
    throw new Error(`The storage of Kafka node ${id} was not formatted (${reason}):\n${await log.tail()}`);
  }

  /** @param {number} id */
  async #run(id) {
    const node = this.#node(id);
    const launch = this.#launches.get(id);
    if (!launch) throw new Error(`Node ${id} was never prepared`);
    const log = await LogReader.fromEnd(node.logFile);
    node.pid = await this.#keeper.start(id, launch.run);
    const settled = await becomesTrue(
      async () => (await log.contains('Kafka Server started')) || !this.#keeper.isAlive(id),
      START_TIMEOUT_MS,
    );
    if (settled && this.#keeper.isAlive(id)) return;
    const what = settled ? `ended: ${await this.#keeper.exit(id)}` : 'was not ready in time';
    throw new Error(`Kafka node ${id} ${what}. Its log, ${node.logFile}, ends:\n${await log.tail()}`);
  }

  /** @param {string} bootstrap @param {readonly number[]} ids */
  async #answers(bootstrap, ids) {
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
