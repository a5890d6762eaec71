import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverProperties } from './server-properties.mjs';

/** @import { Installation, JavaInstallation, DockerInstallation } from './installation.mjs' */
/** @import { NodeAddress } from './server-properties.mjs' */
/** @import { Launch } from './keeper.mjs' */

const LOG_CONFIG = fileURLToPath(new URL('log4j2.properties', import.meta.url));
const CONTAINER_DATA = '/var/lib/kafka/data';
/** Quick to start, and little for the machine to carry. */
const SMALL_HEAP = ['-Xmx256m'];
const SMALL_JVM = [...SMALL_HEAP, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
/** Those of Kafka's own start scripts: slower to start, faster under load. */
const DEFAULT_HEAP = ['-Xms1g', '-Xmx1g'];
const DEFAULT_JVM = [
  ...DEFAULT_HEAP,
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
];

/**
 * @typedef {{ format?: Launch, run: Launch }} NodeLaunch
 *
 * @typedef {object} LaunchSettings
 * @property {string} clusterDir
 * @property {string} clusterId
 * @property {NodeAddress} node
 * @property {readonly NodeAddress[]} nodes
 * @property {string} logFile
 * @property {number} rebalanceDelayMs
 * @property {Readonly<Record<string, string>>} properties
 * @property {boolean} forLoad
 * @property {readonly string[]} jvmFlags
 * @property {readonly string[]} formatArgs
 */

/**
 * Says how to run a node, and what has to run once before to prepare its storage.
 *
 * @param {Installation} installation
 * @param {LaunchSettings} settings
 * @returns {Promise<NodeLaunch>}
 */
export function prepareLaunch(installation, settings) {
  return installation.kind === 'java'
    ? prepareJava(installation, settings)
    : Promise.resolve(prepareDocker(installation, settings));
}

/** @param {JavaInstallation} installation @param {LaunchSettings} settings @returns {Promise<NodeLaunch>} */
async function prepareJava({ java, classPath }, settings) {
  const nodeDir = join(settings.clusterDir, `node-${settings.node.id}`);
  const temporary = join(nodeDir, 'tmp');
  const config = join(nodeDir, 'server.properties');
  await mkdir(temporary, { recursive: true });
  await writeFile(
    config,
    toPropertiesFile(
      serverProperties({ ...settings, logDirs: join(nodeDir, 'data'), bindHost: '127.0.0.1' }),
    ),
  );
  const flags = [
    ...(settings.forLoad ? DEFAULT_JVM : SMALL_JVM),
    // Nothing outside the cluster's folder: no hsperfdata, no unpacked native libraries in /tmp.
    '-XX:-UsePerfData',
    `-Djava.io.tmpdir=${temporary}`,
    `-Dlog4j2.configurationFile=${LOG_CONFIG}`,
    ...settings.jvmFlags,
    '-cp',
    classPath,
  ];
  const formatFlags = flags.filter((flag) => !flag.startsWith('-XX:ArchiveClassesAtExit'));
  const format = ['format', '--cluster-id', settings.clusterId, '--config', config, ...settings.formatArgs];
  const { logFile } = settings;
  return {
    format: { command: java, args: [...formatFlags, 'kafka.tools.StorageTool', ...format], logFile },
    run: { command: java, args: [...flags, 'kafka.Kafka', config], logFile },
  };
}

/** @param {Record<string, string>} properties */
function toPropertiesFile(properties) {
  const escape = (/** @type {string} */ text) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${escape(value)}\n`)
    .join('');
}

/**
 * The broker has to listen on every address inside the container; published is only 127.0.0.1.
 *
 * @param {DockerInstallation} installation
 * @param {LaunchSettings} settings
 * @returns {NodeLaunch}
 */
function prepareDocker({ image }, settings) {
  if (settings.nodes.length > 1) {
    throw new Error('Several nodes need Java and Maven: in Docker this tool runs one node only.');
  }
  const { node, clusterDir, clusterId, logFile } = settings;
  const container = `${basename(clusterDir)}-${node.id}`;
  const properties = serverProperties({ ...settings, logDirs: CONTAINER_DATA, bindHost: '0.0.0.0' });
  const heap = (settings.forLoad ? DEFAULT_HEAP : SMALL_HEAP).join(' ');
  const environment = { CLUSTER_ID: clusterId, KAFKA_HEAP_OPTS: heap, ...toEnvironment(properties) };
  const run = {
    command: 'docker',
    // prettier-ignore
    args: [
      'run', '--rm', '--name', container,
      '--publish', `127.0.0.1:${node.port}:${node.port}`,
      '--volume', `${container}:${CONTAINER_DATA}`,
      ...Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      image,
    ],
    logFile,
    container,
  };
  return { run };
}

/** The image's own spelling of property names. @param {Record<string, string>} properties */
function toEnvironment(properties) {
  const spell = (/** @type {string} */ name) =>
    name.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase();
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [`KAFKA_${spell(name)}`, value]),
  );
}
