import { setTimeout as sleep } from 'node:timers/promises';
import { SESSION_TIMEOUT_MS } from './apps/settings.js';
import type { Stage } from './stage.js';
import type { TcpProxy } from './tcp-proxy.js';

const REJOIN_INTERVAL_MS = 2_000;

/** How long faults last that have a length. */
export interface Extent {
  readonly outageMs: number;
  /** How often an instance leaves and joins again. */
  readonly rejoins: number;
  readonly networkMs: number;
}

/** What a fault has at hand. */
export interface FaultInput extends Extent {
  readonly stage: Stage;
  /** Between the processes of the stage and the nodes, if the fault is one of the network. */
  readonly proxies: readonly TcpProxy[];
}

/** Something that happens to processes, brokers, or what is between them. */
export interface Fault {
  readonly what: string;
  /** The promises that it puts to the test. */
  readonly guarantees: string;
  /** Whether the processes reach the brokers by proxies. */
  readonly ofNetwork?: boolean;
  /** Whether it is made in long runs only, because it takes long and others test nearly the same. */
  readonly longRunOnly?: boolean;
  make(input: FaultInput): Promise<void>;
}

/** Every fault, by its name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'server-killed': {
    what: 'kill -9 of an instance in the midst of streams; another is started',
    guarantees: 'G1, G2, G3, G9',
    make: async ({ stage }) => {
      await stage.kill(await stage.busyServer());
      await stage.goesOn();
      await stage.startServer();
    },
  },
  'client-killed': {
    what: 'kill -9 of a caller with calls under way; another is started',
    guarantees: 'G1, G2, G13',
    make: async ({ stage }) => {
      const [client] = stage.clients;
      await stage.kill(client);
      await stage.startClient();
    },
  },
  'leader-killed': {
    what: 'kill -9 of the node that leads a partition of the request topic; it is started again later',
    guarantees: 'G1, G2, G10, G13',
    make: async ({ stage }) => killNode(stage, await stage.leaderOf(stage.topic, 0)),
  },
  'coordinator-killed': {
    what: 'kill -9 of the node that coordinates the group; it is started again later',
    guarantees: 'G1, G9, G10',
    longRunOnly: true,
    make: async ({ stage }) =>
      killNode(stage, await stage.leaderOf('__consumer_offsets', await offsetsPartitionOf(stage))),
  },
  'rolling-restart': {
    what: 'orderly restart of the three nodes, one after the other',
    guarantees: 'G1, G2, G10, G13',
    longRunOnly: true,
    make: async ({ stage }) => {
      for (const { id } of stage.cluster.nodes) {
        await stage.cluster.stopNode(id);
        await stage.cluster.startNode(id);
        await stage.allInSync();
      }
    },
  },
  'cluster-outage': {
    what: 'kill -9 of all nodes; they are started again after a while',
    guarantees: 'G1, G2, G10, G13',
    make: async ({ stage, outageMs }) => {
      const ids = stage.cluster.nodes.map(({ id }) => id);
      await Promise.all(ids.map((id) => stage.killNode(id)));
      await sleep(outageMs);
      await Promise.all(ids.map((id) => stage.cluster.startNode(id)));
      await stage.allInSync();
    },
  },
  'rebalance-storm': {
    what: 'every two seconds an instance leaves, and joins again',
    guarantees: 'G1, G2, G3, G9, G11',
    make: async ({ stage, rejoins }) => {
      const servers = [...stage.servers];
      for (let rejoin = 0; rejoin < rejoins; rejoin += 1)
        await Promise.all([stage.rejoin(servers[rejoin % servers.length]), sleep(REJOIN_INTERVAL_MS)]);
    },
  },
  zombie: {
    what: 'SIGSTOP of an instance for longer than its session, then SIGCONT',
    guarantees: 'G1, G2, G3, G9',
    make: async ({ stage }) => {
      const server = await stage.busyServer();
      await stage.freeze(server);
      await sleep(2 * SESSION_TIMEOUT_MS);
      await stage.thaw(server);
    },
  },
  'slow-network': {
    what: 'everything between processes and nodes takes 200 ms longer each way',
    guarantees: 'G2, G9, G10',
    ofNetwork: true,
    make: async ({ proxies, networkMs }) => {
      for (const proxy of proxies) proxy.delayBy(200);
      await sleep(networkMs);
      for (const proxy of proxies) proxy.delayBy(0);
    },
  },
  'connections-cut': {
    what: 'all connections between processes and nodes are reset, again and again',
    guarantees: 'G1, G2, G10, G13',
    ofNetwork: true,
    make: async ({ proxies, networkMs }) => {
      for (let left = networkMs; left > 0; left -= 500) {
        for (const proxy of proxies) proxy.cut();
        await sleep(500);
      }
    },
  },
  'connections-half-closed': {
    what: 'all connections end for the nodes, but not for the processes',
    guarantees: 'G1, G2, G9, G10, G13',
    ofNetwork: true,
    make: async ({ proxies, stage }) => {
      for (const proxy of proxies) proxy.halfClose();
      await stage.goesOn();
    },
  },
};

async function killNode(stage: Stage, id: number): Promise<void> {
  await stage.killNode(id);
  await stage.goesOn();
  await stage.cluster.startNode(id);
  await stage.allInSync();
}

/** The partition of Kafka's own topic that a group's offsets are in: Java's hash of its name. */
async function offsetsPartitionOf(stage: Stage): Promise<number> {
  const hash = Array.from(stage.service).reduce(
    (sum, letter) => (Math.imul(31, sum) + letter.charCodeAt(0)) | 0,
    0,
  );
  return (hash & 0x7fffffff) % (await stage.partitionsOf('__consumer_offsets'));
}
