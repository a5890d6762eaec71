import { expect, it, jest } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { AsyncEvent, type Broker, type ReplayedEvent, type ReplayOptions } from 'nestjs-async-calls';
import { lastValueFrom } from 'rxjs';
import { Kafka, logLevel } from 'kafkajs';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { describeOnBrokers } from '../support/brokers.js';
import { kafkaBootstrap, uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const valuesOf = (events: readonly ReplayedEvent[]) => events.map(({ value }) => value);

describeOnBrokers('replay', (newBroker) => {
  async function setUp(broker: Broker, partitions = 1) {
    const { client, name } = await startService({ broker, topics: { events: { partitions } } });
    const topic = uniqueName('pizza');
    const publish = (event: unknown, options: { key?: string; type?: string } = {}) =>
      lastValueFrom(client.publish(topic, event, options));
    const replay = (options?: ReplayOptions) => collect(client.replay(topic, options));
    return { client, name, topic, publish, replay };
  }

  /** A time that all events so far are older than, and all later ones are not. */
  async function now(): Promise<Date> {
    const begin = Date.now();
    return waitFor(() => (Date.now() > begin + 2 ? new Date() : undefined), {
      what: 'the next milliseconds',
    });
  }

  it('brings all events of all partitions, those of a key in their order', async () => {
    const { publish, replay, name } = await setUp(newBroker(), 3);
    for (let number = 0; number < 30; number += 1)
      await publish({ key: `k${number % 4}`, number }, { key: `k${number % 4}`, type: 'Counted' });
    const events = (await replay()) as ReplayedEvent<{ key: string; number: number }>[];
    expect(events).toHaveLength(30);
    for (const key of ['k0', 'k1', 'k2', 'k3']) {
      const numbers = events.filter((event) => event.key === key).map(({ value }) => value.number);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    expect(events[0]).toMatchObject({ type: 'Counted', publisher: { service: name } });
    expect(events[0].id).toMatch(/^[0-9a-f-]{36}$/);
    expect(Date.now() - events[0].publishedAt.getTime()).toBeLessThan(60_000);
  });

  it('brings those of a span of time, of one type', async () => {
    const { publish, replay } = await setUp(newBroker());
    await publish('too old');
    const from = await now();
    await publish('a', { type: 'A' });
    await publish('b', { type: 'B' });
    const until = await now();
    await publish('too new', { type: 'A' });
    expect(valuesOf(await replay({ from, until }))).toEqual(['a', 'b']);
    expect(valuesOf(await replay({ from, type: 'A' }))).toEqual(['a', 'too new']);
    expect(valuesOf(await replay({ until: from }))).toEqual(['too old']);
    expect(await replay({ from: new Date(Date.now() + 3_600_000) })).toEqual([]);
  });

  it('ends with the last event that was there when it began', async () => {
    const { client, topic, publish } = await setUp(newBroker());
    await publish(1);
    const values: unknown[] = [];
    for await (const event of client.replay(topic)) {
      values.push(event.value);
      await publish('more');
    }
    expect(values).toEqual([1]);
  });

  it('is held up by who iterates, and misses nothing', async () => {
    const { client, topic, replay } = await setUp(newBroker());
    const numbers = Array.from({ length: 5_000 }, (_, index) => index);
    await Promise.all(numbers.map((number) => lastValueFrom(client.publish(topic, number, { key: 'k' }))));
    expect(valuesOf(await replay())).toEqual(numbers);
  });

  it('changes nothing for those who subscribe', async () => {
    const broker = newBroker();
    const { topic, publish, replay } = await setUp(broker);
    const seen: unknown[] = [];
    @Controller()
    class Subscriber {
      @AsyncEvent(topic, { startFrom: 'earliest' })
      take(event: unknown): void {
        seen.push(event);
      }
    }
    await publish(1);
    const { name } = await startService({ broker, controllers: [Subscriber] });
    await waitFor(() => seen.length === 1, { what: 'the event' });
    expect(valuesOf(await replay())).toEqual([1]);
    await publish(2);
    await waitFor(() => seen.length === 2, { what: 'the second event' });
    expect(seen).toEqual([1, 2]);
    const admin = broker.createAdmin({ clientId: 'test' });
    expect((await admin.describeGroup(name)).members).toHaveLength(1);
    await admin.close();
  });

  it('goes on behind an event that cannot be read', async () => {
    const broker = newBroker();
    const { topic, publish, replay } = await setUp(broker);
    await publish('before');
    const producer = broker.createProducer({ clientId: 'foreign' });
    await producer.connect();
    await producer.send([{ topic, partition: 0, key: null, value: Buffer.from('{'), headers: [] }]);
    await producer.close();
    await publish('after');
    const events = await replay();
    expect(events).toHaveLength(3);
    expect(() => events[1].value).toThrow(new RegExp(`${topic}\\[0\\]@1 cannot be read`));
    expect([events[0].value, events[2].value]).toEqual(['before', 'after']);
  });

  it('ends with its signal', async () => {
    const { client, topic, publish } = await setUp(newBroker());
    await publish(1);
    await publish(2);
    const stop = new AbortController();
    const values: unknown[] = [];
    const replaying = (async () => {
      for await (const event of client.replay(topic, { signal: stop.signal })) {
        values.push(event.value);
        stop.abort(new Error('enough'));
      }
    })();
    await expect(replaying).rejects.toThrow('enough');
    expect(values).toEqual([1]);
  });

  it.each<[string, string | undefined, ReplayOptions, string]>([
    ['a topic that is not there', 'nobody-has-published', {}, 'There is no topic "nobody-has-published"'],
    ['a topic that cannot be', 'no topic/', {}, 'not the name of a topic'],
    ['a wrong time', undefined, { from: new Date('nonsense') }, 'from: Invalid Date is no time'],
    [
      'an unknown option',
      undefined,
      { form: new Date() } as ReplayOptions,
      "'form' is not an option of replay",
    ],
  ])('refuses %s', async (_, wrongTopic, options, reason) => {
    const { client, topic, publish } = await setUp(newBroker());
    await publish(1);
    await expect(collect(client.replay(wrongTopic ?? topic, options))).rejects.toThrow(reason);
  });
});

// The first transaction on a broker waits until that has made its own topic for them.
jest.setTimeout(60_000);
const brokers = kafkaBootstrap();
(brokers ? it : it.skip)(
  'a replay ends though the last offset holds no event, as behind a transaction',
  async () => {
    const broker = kafkajs({ brokers: brokers ?? [] });
    const { client } = await startService({ broker, topics: { events: { partitions: 1 } } });
    const topic = uniqueName('pizza');
    await lastValueFrom(client.publish(topic, 1, { key: 'k' }));
    const kafka = new Kafka({ brokers: [...(brokers ?? [])], logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ key: 'k', value: '2' }] });
    await transaction.commit();
    await producer.disconnect();
    // The marker of the commit is written behind its acknowledgement; until then its event is not there.
    const admin = broker.createAdmin({ clientId: 'test' });
    const end = async () => (await admin.listOffsets([{ topic, partition: 0 }], 'latest'))[0].offset;
    await waitFor(async () => (await end()) === 3n, { what: 'the end of the transaction' });
    await admin.close();
    expect(valuesOf(await collect(client.replay(topic)))).toEqual([1, 2]);
  },
);
