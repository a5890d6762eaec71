import { Kafka, logLevel } from 'kafkajs';
import { startCluster } from '../tools/kafka/cluster.mjs';
import { findInstallation } from '../tools/kafka/installation.mjs';
import { ping } from '../tools/kafka/ping.mjs';
import type { Place } from './case.js';
import { startDelayingProxy } from './delaying-proxy.js';

/** There and back; half of it in each direction. */
const FAR_MS = 4;
const DEFAULT_REBALANCE_DELAY_MS = 3_000;

/** What the peers of one place meet at. */
export interface Environment {
  readonly brokers: readonly string[];
  readonly proxyPort?: number;
  /** Of the broker, if its process is one of this machine that the benchmark has started. */
  readonly brokerPid?: number;
  /** What is to be said of it beside the results. */
  remark(): string | undefined;
  close(): Promise<void>;
}

export interface Broker {
  readonly bootstrap: string;
  readonly version: string;
  readonly pid?: number;
  stop(): Promise<void>;
}

/** The one at KAFKA_BOOTSTRAP, which has to answer, or one of its own. */
export async function findBroker(run: string): Promise<Broker> {
  const given = process.env['KAFKA_BOOTSTRAP'];
  if (!given) return startBroker(0);
  await ping(given).catch((error: Error) => {
    throw new Error(`KAFKA_BOOTSTRAP=${given} is set, but no broker answers there: ${error.message}`);
  });
  return { bootstrap: given, version: 'of KAFKA_BOOTSTRAP', stop: () => removeTraces(given, run) };
}

export async function openPlace(place: Place, broker: Broker): Promise<Environment> {
  switch (place) {
    case 'near':
      return {
        brokers: broker.bootstrap.split(','),
        brokerPid: broker.pid,
        remark: () => undefined,
        close: async () => {},
      };
    case 'far':
      return openFar(broker);
    case 'default-delay': {
      const slow = await startBroker(DEFAULT_REBALANCE_DELAY_MS);
      return {
        brokers: [slow.bootstrap],
        brokerPid: slow.pid,
        remark: () => undefined,
        close: () => slow.stop(),
      };
    }
  }
}

async function openFar(broker: Broker): Promise<Environment> {
  const proxy = await startDelayingProxy(FAR_MS / 2);
  return {
    brokers: broker.bootstrap.split(','),
    proxyPort: proxy.port,
    brokerPid: broker.pid,
    remark: () =>
      `Distance of ${FAR_MS} ms: the proxy held what passed for ${(2 * proxy.meanDelayMs()).toFixed(1)} ms there and back.`,
    close: async () => proxy.close(),
  };
}

async function startBroker(rebalanceDelayMs: number): Promise<Broker> {
  const { version, kind } = await findInstallation();
  const cluster = await startCluster({ rebalanceDelayMs, forLoad: true });
  // With Docker the process here is that of its command line, not the broker's.
  const pid = kind === 'java' ? cluster.nodes[0].pid : undefined;
  return { bootstrap: cluster.bootstrap, version, pid, stop: () => cluster.stop() };
}

/** Somebody else's broker keeps no topics of a run. */
async function removeTraces(bootstrap: string, run: string): Promise<void> {
  const admin = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(run));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}
