import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
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
      // Two in-sync replicas are required: the next one may go when this one has caught up.
      await waitFor(
        async () => {
          const [description] = await client.admin().describeTopics([topic]);
          return description?.partitions.every(({ inSyncReplicas }) => inSyncReplicas.length === 3);
        },
        { what: 'all replicas in sync', timeoutMs: 60_000 },
      );
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
});
