import { randomBytes } from 'node:crypto';
import type { Broker } from '../broker/broker.js';
import { MemoryBroker } from '../broker/memory/memory-broker.js';
import { MemoryCluster } from '../broker/memory/memory-cluster.js';
import { inNextTurn, type Schedule } from '../broker/memory/schedule.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { Faults } from './faults.js';
import { RealTime } from './real-time.js';
import { TestWorld } from './test-world.js';
import { VirtualTime, type VirtualTimeOptions } from './virtual-time.js';

const RETENTION_BYTES = 64 * 1024 * 1024;
/** Kafka's default. */
const MAX_RECORD_BYTES = 1_048_588;

/** A world with a broker of its own in memory, and virtual time. */
export interface VirtualWorld {
  readonly world: TestWorld;
  readonly time: VirtualTime;
  readonly cluster: MemoryCluster;
}

/** Nothing in it waits for real time, or for another process. */
export function virtualWorld(options: VirtualTimeOptions): VirtualWorld {
  const time = new VirtualTime(options);
  const faults = new Faults(() => time.random.next());
  const environment = time.createProcess();
  const schedule = whileRunning(faults, inNextTurn(environment));
  const cluster = new MemoryCluster(RETENTION_BYTES, MAX_RECORD_BYTES, environment, schedule);
  return { world: new TestWorld(new MemoryBroker(cluster), time, '', faults), time, cluster };
}

/** On a broker that others use, too: everything of this test has a prefix of its own. */
export function realWorld(broker: Broker): TestWorld {
  const prefix = `test-${randomBytes(4).toString('hex')}.`;
  return new TestWorld(broker, new RealTime(), prefix, new Faults(Math.random));
}

/** Leaves a broker that others use, too, as it was. */
export async function deleteTopics({ broker, prefix }: TestWorld): Promise<void> {
  const admin = broker.createAdmin({ clientId: prefix });
  try {
    const topics = await admin.describeTopics();
    await admin.deleteTopics(topics.map(({ topic }) => topic).filter((topic) => topic.startsWith(prefix)));
  } finally {
    await admin.close();
  }
}

/** What a real broker cannot be told to do. */
export function onlyInMemory(method: string): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    `${method}() works on the memory broker alone: a real one cannot be told to. Leave this test out there.`,
  );
}

/** A broker that is stopped does nothing; what it was to do it does when it is back. */
function whileRunning(faults: Faults, schedule: Schedule): Schedule {
  const held: (() => void)[] = [];
  faults.onBroker((isStopped) => {
    if (!isStopped) for (const task of held.splice(0)) schedule(task);
  });
  return (task) => {
    if (faults.brokerIsStopped) held.push(task);
    else schedule(task);
  };
}
