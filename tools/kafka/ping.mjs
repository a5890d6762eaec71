import { Kafka, logLevel } from 'kafkajs';

/**
 * Asks the cluster once who is in it.
 *
 * @param {string} bootstrap
 * @returns {Promise<number[]>} the ids of the brokers that are up
 */
export async function ping(bootstrap) {
  const kafka = new Kafka({
    clientId: 'kafka-tool',
    brokers: bootstrap.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    requestTimeout: 5000,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    return brokers.map(({ nodeId }) => nodeId);
  } finally {
    await admin.disconnect();
  }
}
