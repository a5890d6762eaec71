import type { Cluster } from './cluster.js';
import { forbidden } from './errors.js';
import { authorizedOperationsProtocol, OPERATION } from './wire/authorized-operations.js';

/**
 * Throws `authorization-failed` if this client may see one of these topics, but may not do this with it. Otherwise the
 * first fetch or the first record would show that, when the component says already that it works. What the broker does not
 * tell passes.
 */
export async function checkPermitted(
  cluster: Cluster,
  operation: keyof typeof OPERATION,
  topics: readonly string[],
): Promise<void> {
  if (topics.length === 0) return;
  const node = await cluster.any();
  for (const { topic, errorCode, operations } of await node.send(authorizedOperationsProtocol(topics))) {
    if (errorCode !== 0 || operations === undefined || (operations & OPERATION[operation]) !== 0) continue;
    throw forbidden(`topic ${topic}`, `${operation} on Topic ${topic}`);
  }
}
