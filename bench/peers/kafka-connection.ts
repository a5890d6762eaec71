import { connect, type Socket } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import type { Setting } from './peer.js';

interface Target {
  readonly host: string;
  readonly port: number;
  readonly onConnect: () => void;
}

/** kafkajs's client options for a setting, beside `clientId`: the same for all peers that are built on kafkajs. */
export function connectionOptions({ brokers, proxyPort }: Setting) {
  return {
    brokers: [...brokers],
    ...(proxyPort === undefined ? {} : { socketFactory: throughProxy(proxyPort) }),
  };
}

/** The proxy is told the broker's address in a first line. */
const throughProxy =
  (proxyPort: number) =>
  ({ host, port, onConnect }: Target): Socket => {
    const socket = connect({ port: proxyPort, host: '127.0.0.1', noDelay: true }, () => {
      socket.write(`${host}:${port}\n`);
      onConnect();
    });
    return socket;
  };

/** The topics of a peer that creates none itself. */
export function topicsOf({ name }: Setting) {
  return { call: `${name}.call`, reply: `${name}.call.reply`, event: `${name}.event` };
}

export async function createTopics(setting: Setting): Promise<void> {
  const admin = new Kafka({ brokers: [...setting.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = Object.values(topicsOf(setting)).map((topic) => ({
    topic,
    numPartitions: setting.partitions,
  }));
  await admin.createTopics({ topics, waitForLeaders: true });
  await admin.disconnect();
}
