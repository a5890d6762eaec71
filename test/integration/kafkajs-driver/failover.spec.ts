import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { BatchingProducer } from '../../../lib/broker/batching-producer.js';
import type { Producer } from '../../../lib/broker/producer.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { type Cluster, startCluster } from '../../../tools/kafka/cluster.mjs';
import { describeOnKafka, uniqueName, waitFor } from '../../support/kafka.js';
import { Client, reaches, receivesAll, Traffic } from './client.js';

jest.setTimeout(180_000);

describeOnKafka('kafkajs driver, when one of three brokers fails', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 3 });
  });

  afterAll(() => cluster.stop());

  it('follows leaders and coordinators, whichever broker is gone', async () => {
    await using client = new Client(cluster.bootstrap);
    const topic = await client.topic(3, 3);
    const groupId = uniqueName('group');
    const members = [client.member(groupId, topic), client.member(groupId, topic)];
    await Promise.all(members.map((member) => member.consumer.start()));
    const reader = client.reader();
    await reader.assign(...[0, 1, 2].map((partition) => ({ topic, partition, start: 'earliest' as const })));
    const traffic = new Traffic(client.producer(), topic, 3);
    await traffic.goesOn();

    for (const { id } of cluster.nodes) {
      await cluster.killNode(id);
      await traffic.goesOn();
      await receivesAll(members, [...traffic.acknowledged]);
      await cluster.startNode(id);
      await inSync(client, topic);
    }

    await traffic.stop();
    await receivesAll(members, traffic.acknowledged);
    await receivesAll([reader], traffic.acknowledged);
    for (const consumer of [...members, reader]) await reaches(consumer, 'running');
    for (const member of members) {
      const [partition] = member.partitions();
      await member.commit({ topic, partition, offset: 1n });
    }
    expect([...members, reader].flatMap(({ violations }) => violations)).toEqual([]);
  });

  it('stores each record once and in order, whichever leader is killed under load', async () => {
    await using client = new Client(cluster.bootstrap);
    const topic = await client.topic(3, 3);
    const load = new Load(client.producer(), topic, [0, 1, 2]);
    for (const { id } of cluster.nodes) {
      await load.goesOn();
      await cluster.killNode(id);
      await load.goesOn();
      await cluster.startNode(id);
      await inSync(client, topic);
    }
    await load.stop();

    for (const partition of [0, 1, 2]) {
      const reader = client.reader();
      await reader.assign({ topic, partition, start: 'earliest' });
      const sent = Array.from({ length: load.sent[partition] ?? 0 }, (_, index) => `${partition}/${index}`);
      await receivesAll([reader], sent.slice(-1));
      expect(reader.values()).toEqual(sent);
    }
  });

  it('sends to all other partitions while one has no leader', async () => {
    await using client = new Client(cluster.bootstrap);
    const topic = uniqueName('topic');
    const configs = { 'min.insync.replicas': '1' };
    await client.admin().createTopics([{ topic, partitions: 3, replicationFactor: 1, configs }]);
    const [description] = await client.admin().describeTopics([topic]);
    const [dead, ...others] = description?.partitions ?? [];
    const producer = new BatchingProducer(client.producer(), systemEnvironment);
    const send = (partition: number) =>
      producer.send({ topic, partition, key: null, value: Buffer.from('x'), headers: [] });
    await send(dead?.partition ?? 0);

    await cluster.killNode(dead?.leader ?? 0);
    let isStuck = true;
    const stuck = send(dead?.partition ?? 0).finally(() => (isStuck = false));
    for (let round = 0; round < 50; round++)
      await Promise.all(others.map(({ partition }) => send(partition)));
    expect(isStuck).toBe(true);
    await cluster.startNode(dead?.leader ?? 0);
    await expect(stuck).resolves.toMatchObject({ offset: 1n });
  });
});

/** Resolves when every replica has caught up: two are required, so the next broker may go then. */
async function inSync(client: Client, topic: string): Promise<void> {
  await waitFor(
    async () => {
      const [description] = await client.admin().describeTopics([topic]);
      return description?.partitions.every(({ inSyncReplicas }) => inSyncReplicas.length === 3);
    },
    { what: 'all replicas in sync', timeoutMs: 60_000 },
  );
}

/** Sends numbered records to every partition, many at once, until it is stopped. */
class Load {
  /** How many were sent to each partition. */
  readonly sent: number[] = [];
  private acknowledged = 0;
  private running = true;
  private readonly producer: BatchingProducer;
  private readonly done: Promise<unknown>;

  constructor(
    producer: Producer,
    private readonly topic: string,
    partitions: readonly number[],
  ) {
    this.producer = new BatchingProducer(producer, systemEnvironment);
    const callers = partitions.flatMap((partition) => Array.from({ length: 20 }, () => partition));
    this.done = Promise.all(callers.map((partition) => this.call(partition)));
  }

  /** Resolves once many more were acknowledged; rejects if one was not stored. */
  async goesOn(): Promise<void> {
    const target = this.acknowledged + 3_000;
    const goal = { what: `${target} acknowledged records`, timeoutMs: 60_000 };
    await Promise.race([waitFor(() => this.acknowledged >= target, goal), this.done]);
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }

  private async call(partition: number): Promise<void> {
    while (this.running) {
      const index = this.sent[partition] ?? 0;
      this.sent[partition] = index + 1;
      const value = Buffer.from(`${partition}/${index}`);
      await this.producer.send({ topic: this.topic, partition, key: null, value, headers: [] });
      this.acknowledged += 1;
    }
  }
}
