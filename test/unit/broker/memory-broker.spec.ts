import { describe, expect, it } from '@jest/globals';
import type { Broker } from '../../../lib/broker/broker.js';
import { memory } from '../../../lib/broker/memory/index.js';
import type { ConsumerRecord, ProducerRecord } from '../../../lib/broker/record.js';
import { sendAll } from '../../support/send-all.js';

const identity = { clientId: 'test' };

async function brokerWith(
  topic: string,
  configs?: Record<string, string>,
  broker = memory(),
): Promise<Broker> {
  await broker.createAdmin(identity).createTopics([{ topic, partitions: 1, configs }]);
  return broker;
}

function send(broker: Broker, topic: string, ...values: string[]) {
  const records = values.map((value): ProducerRecord => ({
    topic,
    partition: 0,
    key: null,
    value: Buffer.from(value),
    headers: [],
  }));
  return sendAll(broker.createProducer(identity), records);
}

/** What arrives of a topic, from its earliest record on, until `count` records have. */
async function read(broker: Broker, topic: string, count: number): Promise<ConsumerRecord[]> {
  const records: ConsumerRecord[] = [];
  let done!: () => void;
  const complete = new Promise<void>((resolve) => (done = resolve));
  const onBatch = (batch: { readonly records: readonly ConsumerRecord[] }) => {
    records.push(...batch.records);
    if (records.length >= count) done();
  };
  const consumer = broker.createAssignedConsumer(identity, { listener: { onBatch } });
  await consumer.assign([{ topic, partition: 0, start: 'earliest' }]);
  await complete;
  await consumer.close();
  return records;
}

describe('memory', () => {
  it('is one broker a value', async () => {
    const broker = await brokerWith('orders');
    await send(broker, 'orders', 'a');
    expect(await read(broker, 'orders', 1)).toHaveLength(1);
    await expect(send(memory(), 'orders', 'a')).rejects.toMatchObject({ code: 'unknown-topic' });
  });

  it('says what it can do', () => {
    expect(memory()).toMatchObject({ name: 'memory', capabilities: { durable: false, remote: false } });
  });

  it('drops the oldest records above its retention', async () => {
    const broker = await brokerWith('orders', undefined, memory({ retentionBytes: 10_000 }));
    await send(broker, 'orders', ...Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(1_000)));
    const records = await read(broker, 'orders', 5);
    expect(records.length).toBeLessThan(10);
    expect(records.at(-1)).toMatchObject({ offset: 99n });
  });

  it('goes by a topic’s own retention first', async () => {
    const broker = await brokerWith('orders', { 'retention.bytes': '-1' }, memory({ retentionBytes: 1 }));
    await send(broker, 'orders', ...Array.from({ length: 50 }, () => 'x'.repeat(1_000)));
    expect(await read(broker, 'orders', 50)).toHaveLength(50);
  });

  it('refuses records above its limit, key and headers included', async () => {
    const broker = await brokerWith('orders', undefined, memory({ maxRecordBytes: 1_000 }));
    await send(broker, 'orders', 'x'.repeat(900));
    const headers = [['name', Buffer.alloc(100)]] as const;
    const record = { topic: 'orders', partition: 0, key: null, value: Buffer.alloc(900), headers };
    const results = await broker.createProducer(identity).send([{ ...record, headers: [] }, record]);
    expect(results).toMatchObject([{ offset: 1n }, { code: 'payload-too-large', statusCode: 413 }]);
    expect(await read(broker, 'orders', 2)).toHaveLength(2);
  });

  it('leaves others their share of the event loop while somebody sends in a loop', async () => {
    const broker = await brokerWith('orders');
    let timeIsUp = false;
    setTimeout(() => (timeIsUp = true), 5);
    let sent = 0;
    while (!timeIsUp) sent += (await send(broker, 'orders', 'a')).length;
    expect(await read(broker, 'orders', sent)).toHaveLength(sent);
  });

  it('keeps the process alive while a consumer is open', async () => {
    const broker = await brokerWith('orders');
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const listener = { onBatch: () => {} };
    const group = {
      groupId: 'g',
      topics: ['orders'],
      startFrom: () => 'earliest' as const,
      listener,
    } as const;
    const reader = broker.createAssignedConsumer(identity, { listener });
    const member = broker.createGroupConsumer(identity, group);
    const failing = broker.createGroupConsumer(identity, { ...group, topics: ['missing'] });
    expect(timers()).toBe(before);
    await reader.assign([{ topic: 'orders', partition: 0, start: 'latest' }]);
    await member.start();
    await expect(failing.start()).rejects.toMatchObject({ code: 'unknown-topic' });
    expect(timers()).toBe(before + 2);
    await Promise.all([reader.close(), member.close()]);
    expect(timers()).toBe(before);
  });

  it('goes on with a topic that was deleted and created anew', async () => {
    const broker = await brokerWith('orders');
    const admin = broker.createAdmin(identity);
    const received: string[] = [];
    const member = broker.createGroupConsumer(identity, {
      groupId: 'g',
      topics: ['orders'],
      startFrom: () => 'earliest' as const,
      listener: { onBatch: ({ records }) => received.push(...records.map(({ value }) => String(value))) },
    });
    await member.start();
    await send(broker, 'orders', 'a', 'b');
    await member.commit([{ topic: 'orders', partition: 0, offset: 2n }]);
    await admin.deleteTopics(['orders', 'never there']);
    expect(await admin.fetchCommitted('g', ['orders'])).toEqual([]);
    await admin.createTopics([{ topic: 'orders', partitions: 1 }]);
    await send(broker, 'orders', 'c');
    expect(await read(broker, 'orders', 1)).toHaveLength(1);
    expect(received).toEqual(['a', 'b', 'c']);
    await member.close();
  });

  it.each([
    [{ retentionBytes: 0 }, 'retentionBytes is 0'],
    [{ maxRecordBytes: 1.5 }, 'maxRecordBytes is 1.5'],
  ])('refuses options it cannot use: %p', (options, message) => {
    expect(() => memory(options)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    expect(() => memory(options)).toThrow(message);
  });

  it.each([
    [{ topic: 'with space', partitions: 1 }, 'is no topic name'],
    [{ topic: '..', partitions: 1 }, 'is no topic name'],
    [{ topic: 'orders', partitions: 0 }, 'at least one partition'],
    [{ topic: 'orders', partitions: 1, configs: { 'retention.bytes': 'many' } }, 'retention.bytes'],
  ])('refuses topics that Kafka would refuse: %p', async (spec, message) => {
    const created = memory().createAdmin(identity).createTopics([spec]);
    await expect(created).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(message),
    });
  });
});
