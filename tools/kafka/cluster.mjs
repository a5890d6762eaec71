import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { classArchiveFlags } from './class-archive.mjs';
import { ClusterNodes } from './cluster-nodes.mjs';
import { findInstallation } from './installation.mjs';
import { KeeperConnection } from './keeper-connection.mjs';
import { prepareLaunch } from './launch.mjs';
import { newLogDir, LogReader } from './logs.mjs';
import { freePorts } from './ports.mjs';
import { signalIfAlive } from './processes.mjs';
import { prepareSecurity } from './security.mjs';
import { runTool } from './tools.mjs';

/** @import { ClusterNode } from './cluster-nodes.mjs' */
/** @import { Installation } from './installation.mjs' */
/** @import { Launch } from './keeper.mjs' */
/** @import { NodeLaunch } from './launch.mjs' */
/** @import { Security, SecurityOptions } from './security.mjs' */
/** @import { ToolName } from './tools.mjs' */

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
export class Cluster extends ClusterNodes {
  #installation;
  #keeper;

  /**
   * @param {Installation} installation
   * @param {string} clusterDir
   * @param {readonly ClusterNode[]} nodes
   * @param {Security} [security]
   */
  constructor(installation, clusterDir, nodes, security) {
    const keeper = KeeperConnection.fork(clusterDir);
    super(clusterDir, nodes, keeper);
    this.#installation = installation;
    this.#keeper = keeper;
    this.security = security;
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
  }

  /** @param {readonly NodeLaunch[]} launches in the order of the nodes */
  async start(launches) {
    await Promise.all(this.nodes.map(({ id }, index) => this.#format(id, launches[index]?.format)));
    await Promise.all(this.nodes.map(({ id }, index) => this.runNode(id, launches[index]?.run)));
    await this.answer(
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
   * Runs one of Kafka's own tools, by the port that ACLs do not hold for; resolves with what it prints.
   *
   * @param {ToolName} name
   * @param {readonly string[]} args without `--bootstrap-server`
   */
  tool(name, args) {
    return runTool(this.#installation, name, ['--bootstrap-server', this.bootstrap, ...args]);
  }

  /**
   * Lets the cluster live on after this process, until its keeper is told to end. Others reach it by `ClusterNodes.of`.
   *
   * @param {number} [untilExitOf] pid of another process that it ends with
   */
  release(untilExitOf) {
    return this.#keeper.release(untilExitOf);
  }

  /**
   * By the keeper, too: a JVM of ours would write on if this process were killed.
   *
   * @param {number} id
   * @param {Launch} [format]
   */
  async #format(id, format) {
    if (!format) return;
    const formatId = -id;
    const log = await LogReader.fromEnd(format.logFile);
    await this.#keeper.start(formatId, format);
    const reason = await this.#keeper.exit(formatId);
    if (reason === 'exit code 0') return;
    throw new Error(`The storage of Kafka node ${id} was not formatted (${reason}):\n${await log.tail()}`);
  }
}
