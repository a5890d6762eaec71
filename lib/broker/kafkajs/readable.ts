import type { Cluster } from './cluster.js';
import { forbidden } from './errors.js';
import { authorizedOperationsProtocol, READ } from './wire/authorized-operations.js';

/**
 * Throws `authorization-failed` if one of these topics may be described, but not read. A fetch would be the first to show
 * that, when the consumer says already that it runs.
 */
export async function checkReadable(cluster: Cluster, topics: readonly string[]): Promise<void> {
  if (topics.length === 0) return;
  const node = await cluster.any();
  for (const { topic, errorCode, operations } of await node.send(authorizedOperationsProtocol(topics)))
    if (errorCode === 0 && operations !== undefined && (operations & READ) === 0)
      throw forbidden(`reading topic ${topic}`, `Read on Topic ${topic}`);
}
