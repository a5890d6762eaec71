/**
 * @typedef {{ id: number, port: number, controllerPort: number, behindProxy?: ProxiedAddress, securePorts?: SecurePorts }} NodeAddress
 *
 * @typedef {object} ProxiedAddress a further way to a node, by way of a proxy
 * @property {number} port where the node listens for the proxy
 * @property {number} proxyPort where the proxy listens: what clients are told that came by it
 *
 * @typedef {{ sasl: number, tls: number }} SecurePorts for SASL over TLS, and for TLS with certificates of clients
 *
 * @typedef {object} ServerSettings
 * @property {NodeAddress} node
 * @property {readonly NodeAddress[]} nodes all nodes of the cluster, each broker and controller
 * @property {string} logDirs
 * @property {string} bindHost
 * @property {number} rebalanceDelayMs
 * @property {Readonly<Record<string, string>>} properties override what is chosen here
 */

const HOST = '127.0.0.1';

/**
 * The smallest combined-mode (KRaft) configuration that behaves like a real cluster.
 *
 * @param {ServerSettings} settings
 * @returns {Record<string, string>}
 */
export function serverProperties({ node, nodes, logDirs, bindHost, rebalanceDelayMs, properties }) {
  const { behindProxy, securePorts } = node;
  const listeners = [`PLAINTEXT://${bindHost}:${node.port}`];
  const advertised = [`PLAINTEXT://${HOST}:${node.port}`];
  if (behindProxy) {
    listeners.push(`PROXIED://${bindHost}:${behindProxy.port}`);
    advertised.push(`PROXIED://${HOST}:${behindProxy.proxyPort}`);
  }
  for (const [name, port] of securePorts
    ? [
        ['SASL_SSL', securePorts.sasl],
        ['SSL', securePorts.tls],
      ]
    : []) {
    listeners.push(`${name}://${bindHost}:${port}`);
    advertised.push(`${name}://${HOST}:${port}`);
  }
  const voters = nodes.map(({ id, controllerPort }) => `${id}@${HOST}:${controllerPort}`);
  return {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    'controller.quorum.voters': voters.join(','),
    listeners: [...listeners, `CONTROLLER://${bindHost}:${node.controllerPort}`].join(','),
    'advertised.listeners': advertised.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map':
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL',
    'log.dirs': logDirs,
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': String(rebalanceDelayMs),
    // The default reserves 128 MiB, half of the heap.
    'log.cleaner.dedupe.buffer.size': '1048577',
    ...replication(nodes.length),
    ...properties,
  };
}

/** @param {number} nodeCount */
function replication(nodeCount) {
  const factor = String(Math.min(nodeCount, 3));
  const minInSync = nodeCount >= 3 ? '2' : '1';
  const internalPartitions = nodeCount >= 3 ? '6' : '1';
  return {
    'default.replication.factor': factor,
    'min.insync.replicas': minInSync,
    'offsets.topic.num.partitions': internalPartitions,
    'offsets.topic.replication.factor': factor,
    'transaction.state.log.num.partitions': internalPartitions,
    'transaction.state.log.replication.factor': factor,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': factor,
    'share.coordinator.state.topic.min.isr': minInSync,
  };
}
