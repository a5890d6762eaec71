import { afterEach, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import type { Producer } from '../../../lib/broker/producer.js';
import { describeOnKafka, kafkaBootstrap, uniqueName, waitFor } from '../../support/kafka.js';
import { LossyProxy } from '../../support/lossy-proxy.js';
import { sendAll } from '../../support/send-all.js';
import { Client, receivesAll } from './client.js';

jest.setTimeout(60_000);

describeOnKafka('kafkajs driver, when acknowledgements are lost', () => {
  const bootstrap = (kafkaBootstrap() ?? []).join();
  afterEach(() => {
    jest.restoreAllMocks();
  });

  async function proxyBeforeBrokers(): Promise<LossyProxy> {
    const admin = new kafkajs.Kafka({ brokers: bootstrap.split(',') }).admin();
    const { brokers } = await admin.describeCluster();
    await admin.disconnect();
    const addresses = bootstrap.split(',').map((address) => {
      const [host = '', port] = address.split(':');
      return { host, port: Number(port) };
    });
    return LossyProxy.before([...addresses, ...brokers]);
  }

  async function valuesOf(client: Client, topic: string, last: string): Promise<string[]> {
    const reader = client.reader();
    await reader.assign({ topic, partition: 0, start: 'earliest' });
    await receivesAll([reader], [last]);
    return reader.values();
  }

  const send = (producer: Producer, topic: string, ...values: string[]) =>
    sendAll(
      producer,
      values.map((value) => ({ topic, partition: 0, key: null, value: Buffer.from(value), headers: [] })),
    );

  it.each([
    ['once', 'by default', {}, ['a', 'b', 'c', 'd']],
    ['twice', 'with idempotent: false', { idempotent: false }, ['a', 'b', 'c', 'b', 'c', 'd']],
  ])('stores records %s, %s', async (_, __, options, stored) => {
    await using proxy = await proxyBeforeBrokers();
    await using client = new Client(bootstrap, { ...options, socketFactory: proxy.socketFactory });
    const topic = await client.topic(1);
    const producer = client.producer();
    await send(producer, topic, 'a');
    proxy.toLose = 1;
    const places = await send(producer, topic, 'b', 'c');
    await send(producer, topic, 'd');

    expect(proxy.lost).toBe(1);
    expect(await valuesOf(client, topic, 'd')).toEqual(stored);
    const first = BigInt(stored.lastIndexOf('b'));
    expect(places.map(({ offset }) => offset)).toEqual([first, first + 1n]);
  });

  it('stores what comes behind records that were given up after they were stored', async () => {
    await using proxy = await proxyBeforeBrokers();
    await using client = new Client(bootstrap, { socketFactory: proxy.socketFactory });
    const topic = await client.topic(1);
    const producer = client.producer();
    await send(producer, topic, 'a');
    proxy.toLose = Number.POSITIVE_INFINITY;
    const givenUp = send(producer, topic, 'b').catch((error: unknown) => error);
    await waitFor(() => proxy.lost > 0, { what: 'a lost acknowledgement' });
    const { now } = performance;
    jest.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 31_000);
    expect(await givenUp).toMatchObject({ code: 'unavailable' });
    proxy.toLose = 0;

    const [place] = await send(producer, topic, 'c');
    expect(place).toMatchObject({ offset: 2n });
    expect(await valuesOf(client, topic, 'c')).toEqual(['a', 'b', 'c']);
  });

  it('goes on in a partition that knows nothing of its records before', async () => {
    await using client = new Client(bootstrap);
    const topic = uniqueName('topic');
    const [admin, producer] = [client.admin(), client.producer()];
    await admin.createTopics([{ topic, partitions: 1, replicationFactor: 1 }]);
    await send(producer, topic, 'a', 'b');
    await admin.deleteTopics([topic]);
    await waitFor(async () => (await admin.describeTopics([topic])).length === 0, {
      what: 'the topic to go',
    });
    await admin.createTopics([{ topic, partitions: 1, replicationFactor: 1 }]);
    expect(await send(producer, topic, 'c')).toEqual([{ topic, partition: 0, offset: 0n }]);
    expect(await send(producer, topic, 'd')).toEqual([{ topic, partition: 0, offset: 1n }]);
  });
});
