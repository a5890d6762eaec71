import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import { type Cluster, startCluster } from '../../../tools/kafka/cluster.mjs';
import { describeOnKafka, uniqueName, waitFor } from '../../support/kafka.js';
import { sendAll } from '../../support/send-all.js';
import { Client, reaches, receivesAll, Traffic } from './client.js';

jest.setTimeout(120_000);

describeOnKafka('kafkajs driver, when its only broker is gone for a while', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster();
  });

  afterAll(() => cluster.stop());

  it.each([
    ['killed', 'SIGKILL'],
    ['shut down', 'SIGTERM'],
  ] as const)('goes on by itself after the broker was %s and started again', async (_, signal) => {
    await using client = new Client(cluster.bootstrap);
    const topic = await client.topic(2);
    const groupId = uniqueName('group');
    const members = [client.member(groupId, topic), client.member(groupId, topic)];
    await Promise.all(members.map((member) => member.consumer.start()));
    const reader = client.reader();
    await reader.assign(...[0, 1].map((partition) => ({ topic, partition, start: 'earliest' as const })));
    const traffic = new Traffic(client.producer(), topic, 2);
    await traffic.goesOn();

    await cluster.killNode(1, signal);
    for (const consumer of [...members, reader]) await reaches(consumer, 'unavailable');
    await cluster.startNode(1);

    await traffic.goesOn();
    await traffic.stop();
    await receivesAll(members, traffic.acknowledged);
    await receivesAll([reader], traffic.acknowledged);
    for (const consumer of [...members, reader]) await reaches(consumer, 'running');
    for (const member of members) {
      await waitFor(() => member.partitions().length === 1, {
        what: 'one partition each',
        timeoutMs: 60_000,
      });
      await member.commit({ topic, partition: member.partitions()[0], offset: 1n });
    }
    expect([...members, reader].flatMap(({ violations }) => violations)).toEqual([]);
  });

  it('starts before the broker does', async () => {
    await using client = new Client(cluster.bootstrap);
    const topic = await client.topic(1);
    await cluster.stopNode(1);
    const member = client.member(uniqueName('group'), topic);
    const reader = client.reader();
    const producer = client.producer();
    const ready = Promise.all([
      member.consumer.start(),
      reader.assign({ topic, partition: 0, start: 'latest' }),
      producer.connect(),
    ]);
    await Promise.all([reaches(member, 'unavailable'), reaches(reader, 'unavailable')]);
    await expect(client.admin().ping()).rejects.toMatchObject({ code: 'unavailable', retriable: true });

    await cluster.startNode(1);
    await ready;
    await sendAll(producer, [{ topic, partition: 0, key: null, value: Buffer.from('a'), headers: [] }]);
    await receivesAll([member], ['a']);
    await receivesAll([reader], ['a']);
  });

  it('can be closed while the broker is away', async () => {
    await using client = new Client(cluster.bootstrap);
    const topic = await client.topic(1);
    const member = client.member(uniqueName('group'), topic);
    await member.consumer.start();
    await cluster.killNode(1);
    const late = client.member(uniqueName('group'), topic);
    const started = late.consumer.start().catch((error: unknown) => error);
    await reaches(late, 'unavailable');
    await Promise.all([member.close(), late.close()]);
    expect(await started).toMatchObject({ code: 'closed' });
    expect(member.revoked).toHaveLength(1);
    await cluster.startNode(1);
  });

  it('gives its partitions up when its session ends, and comes back', async () => {
    await using client = new Client(cluster.bootstrap);
    const topic = await client.topic(1);
    const lost: number[] = [];
    const onLost = (partitions: readonly { partition: number }[]) =>
      lost.push(...partitions.map(({ partition }) => partition));
    const member = client.member(uniqueName('group'), topic, {
      // The least that a broker allows: more than a busy machine stands still.
      sessionTimeoutMs: 6_000,
      heartbeatIntervalMs: 500,
      onLost,
    });
    await member.consumer.start();

    await cluster.killNode(1, 'SIGSTOP');
    await waitFor(() => lost.length === 1, { what: 'onLost', timeoutMs: 60_000 });
    expect(member.consumer.assignment()).toEqual([]);
    await expect(member.commit({ topic, partition: 0, offset: 0n })).rejects.toMatchObject({ fenced: true });
    await cluster.killNode(1, 'SIGCONT');

    await waitFor(() => member.assigned.length === 2, {
      what: 'the partition to come back',
      timeoutMs: 60_000,
    });
    await reaches(member, 'running');
    await member.commit({ topic, partition: 0, offset: 0n });
    expect(lost).toEqual([0]);
  });

  it('takes new partitions of its topic on', async () => {
    await using client = new Client(cluster.bootstrap);
    const topic = await client.topic(1);
    const groupId = uniqueName('group');
    const members = [client.member(groupId, topic), client.member(groupId, topic)];
    await Promise.all(members.map((member) => member.consumer.start()));
    const admin = new kafkajs.Kafka({ brokers: [cluster.bootstrap] }).admin();
    await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] });
    await admin.disconnect();
    await waitFor(() => members.every((member) => member.partitions().length === 2), {
      what: 'two partitions each',
      timeoutMs: 30_000,
    });
    const record = { topic, partition: 3, key: null, value: Buffer.from('new'), headers: [] };
    await sendAll(client.producer(), [record]);
    await receivesAll(members, ['new']);
  });

  it('says so when its topic was deleted, and goes on when it is there again', async () => {
    await using client = new Client(cluster.bootstrap);
    const topic = await client.topic(1);
    const errors: (string | undefined)[] = [];
    const onState = (_: string, error?: { code: string }) => errors.push(error?.code);
    const member = client.member(uniqueName('group'), topic, { onState });
    await member.consumer.start();
    const admin = client.admin();
    await admin.deleteTopics([topic]);
    await reaches(member, 'unavailable');
    expect(errors.at(-1)).toBe('unknown-topic');
    await admin.createTopics([{ topic, partitions: 1 }]);
    await reaches(member, 'running');
    await sendAll(client.producer(), [
      { topic, partition: 0, key: null, value: Buffer.from('a'), headers: [] },
    ]);
    await receivesAll([member], ['a']);
  });

  it('says what is wrong with credentials that the broker does not ask for', async () => {
    const sasl = { mechanism: 'plain', username: 'me', password: 'wrong' } as const;
    await using client = new Client(cluster.bootstrap, { sasl });
    const refusal = { code: 'invalid-argument', retriable: false };
    await expect(client.producer().connect()).rejects.toMatchObject(refusal);
    await expect(client.admin().ping()).rejects.toMatchObject(refusal);
    const member = client.member(uniqueName('group'), 'any');
    await expect(member.consumer.start()).rejects.toMatchObject(refusal);
    expect(member.states.at(-1)).toBe('failed');
  });
});
