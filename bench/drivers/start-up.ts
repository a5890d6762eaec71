import { randomBytes } from 'node:crypto';
import type { Measurement } from '../case.js';
import type { Deployment } from '../deployment.js';
import { WorkerProcess } from '../processes/worker-process.js';

/** A client that nobody has seen before, in a process of its own. */
export async function measureStartUp(deployment: Deployment): Promise<Measurement> {
  const client = await WorkerProcess.start<'client'>('client', deployment.peer);
  try {
    const start = performance.now();
    await deployment.startClient(client, `client-${randomBytes(4).toString('hex')}`);
    return { p50: performance.now() - start };
  } finally {
    client.kill();
  }
}
