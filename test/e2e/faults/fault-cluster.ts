import { type Cluster, startCluster } from '../../../tools/kafka/cluster.mjs';
import { SESSION_TIMEOUT_MS } from './apps/settings.js';
import { TcpProxy } from './tcp-proxy.js';

/** Three nodes, with a proxy before each, that notice within seconds what takes a default cluster ten. */
export interface FaultCluster {
  readonly cluster: Cluster;
  readonly proxies: readonly TcpProxy[];
  stop(): Promise<void>;
}

export async function startFaultCluster(): Promise<FaultCluster> {
  const proxies: TcpProxy[] = [];
  const cluster = await startCluster({
    nodes: 3,
    properties: {
      'broker.session.timeout.ms': '3000',
      'broker.heartbeat.interval.ms': '500',
      'group.min.session.timeout.ms': `${SESSION_TIMEOUT_MS}`,
    },
    proxy: async (port) => {
      const proxy = await TcpProxy.start(port);
      proxies.push(proxy);
      return proxy.port;
    },
  });
  return {
    cluster,
    proxies,
    stop: async () => {
      await cluster.stop();
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}
