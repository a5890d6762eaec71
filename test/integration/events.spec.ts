import { expect, it } from '@jest/globals';
import { Controller, HttpException, type Type } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  AsyncCallsServer,
  AsyncEndpoint,
  AsyncEvent,
  AsyncEventBatchContext,
  AsyncEventContext,
  type AsyncEventOptions,
  type Broker,
  defineEvent,
} from 'nestjs-async-calls';
import { z } from 'zod';
import { lastValueFrom } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { recordsOf } from '../support/records.js';
import { type Service, type ServiceOptions, startService } from '../support/services.js';
import { sees, subscriber } from '../support/subscriber.js';

describeOnBrokers('events', (newBroker) => {
  const start = (
    broker: Broker,
    controllers: Type[],
    options: Partial<ServiceOptions> = {},
  ): Promise<Service> =>
    startService({ broker, controllers, topics: { events: { partitions: 2 } }, ...options });

  async function publisher(broker: Broker) {
    const { client, name } = await start(broker, []);
    const publish = (...args: Parameters<typeof client.publish>) => lastValueFrom(client.publish(...args));
    return { client, name, publish };
  }

  it('come to each subscribing service once, whichever of its instances takes them', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const [service, other] = [uniqueName('service'), uniqueName('service')];
    const [one, two, three] = [subscriber(pizza), subscriber(pizza), subscriber(pizza)];
    await Promise.all([
      start(broker, [one.Subscriber], { service }),
      start(broker, [two.Subscriber], { service }),
      start(broker, [three.Subscriber], { service: other }),
    ]);
    const { publish } = await publisher(broker);
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    await Promise.all(numbers.map((number) => publish(pizza, { number }, { key: `${number % 5}` })));
    await sees(three.seen, 20);
    await waitFor(() => one.seen.length + two.seen.length >= 20, { what: 'the events in the first service' });
    const sorted = (events: unknown[]) =>
      (events as { number: number }[]).map(({ number }) => number).sort((a, b) => a - b);
    expect(sorted([...one.seen, ...two.seen])).toEqual(numbers);
    expect(sorted(three.seen)).toEqual(numbers);
  });

  it('bring what their publisher says of them', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const { publish, name } = await publisher(broker);
    await publish(pizza, { id: 7 }, { key: 'k', type: 'PizzaBaked', headers: { oven: 'left' } });
    const { Subscriber, seen, contexts } = subscriber(pizza);
    await start(broker, [Subscriber]);
    await sees(seen, 1);
    expect(seen).toEqual([{ id: 7 }]);
    const [context] = contexts;
    expect(context).toBeInstanceOf(AsyncEventContext);
    expect(context).toMatchObject({ topic: pizza, type: 'PizzaBaked', key: 'k', attempt: 1 });
    expect(context.publisher?.service).toBe(name);
    expect(context.headers.get('oven')).toBe('left');
    expect(context.eventId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('go to the handler of their type, else to that of all others, else nowhere', async () => {
    const broker = newBroker();
    const [pizza, pasta] = [uniqueName('pizza'), uniqueName('pasta')];
    const baked = subscriber(pizza, { type: 'PizzaBaked' });
    const others = subscriber(pizza);
    const cooked = subscriber(pasta, { type: 'PastaCooked' });
    const { app } = await start(broker, [baked.Subscriber, others.Subscriber, cooked.Subscriber]);
    const { publish } = await publisher(broker);
    for (const type of ['PizzaBaked', 'PizzaEaten', undefined])
      await publish(pizza, type ?? 'none', { type });
    for (const type of ['PastaEaten', 'PastaCooked'])
      await publish(pasta, type, { type, key: 'one partition' });
    await Promise.all([sees(baked.seen, 1), sees(others.seen, 2), sees(cooked.seen, 1)]);
    expect(baked.seen).toEqual(['PizzaBaked']);
    expect(new Set(others.seen)).toEqual(new Set(['PizzaEaten', 'none']));
    expect(cooked.seen).toEqual(['PastaCooked']);
    const counts = () => app.get(AsyncCallsServer).counts;
    await waitFor(() => counts().served === 4, { what: 'all four to be served' });
    expect(counts()).toMatchObject({ passedOver: 1, served: 4 });
  });

  it('keep the order of their key, failures included, and go to the dead letters at last', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const attempts: unknown[] = [];
    const { Subscriber, seen } = subscriber(pizza, { retry: { attempts: 2, initialDelayMs: 1 } }, (data) => {
      attempts.push(data);
      if (data === 'burnt' || (data === 'late' && attempts.filter((each) => each === 'late').length === 1))
        throw new Error('no luck');
    });
    const { name } = await start(broker, [Subscriber]);
    const { publish } = await publisher(broker);
    for (const event of ['first', 'late', 'burnt', 'last']) await publish(pizza, event, { key: 'k' });
    await sees(seen, 3);
    expect(attempts).toEqual(['first', 'late', 'late', 'burnt', 'burnt', 'last']);
    const letters = () => recordsOf(broker, `${name}.dead-letters`);
    await waitFor(async () => (await letters()).length === 1, { what: 'the dead letter' });
    expect((await letters())[0].value?.toString()).toBe('"burnt"');
  });

  it('come to each group of a service', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const [own, reports] = [subscriber(pizza), subscriber(pizza, { group: 'reports' })];
    await start(broker, [own.Subscriber, reports.Subscriber]);
    const { publish } = await publisher(broker);
    await publish(pizza, 1);
    await Promise.all([sees(own.seen, 1), sees(reports.seen, 1)]);
    expect([own.seen, reports.seen]).toEqual([[1], [1]]);
  });

  it('start behind the last one, or at a time, if the subscriber says so', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const { publish } = await publisher(broker);
    await publish(pizza, 'old', { key: 'k' });
    const publishedAt = Date.now();
    const then = await waitFor(() => (Date.now() > publishedAt + 5 ? new Date() : undefined), {
      what: 'a later time',
    });
    await publish(pizza, 'newer', { key: 'k' });
    const latest = subscriber(pizza, { startFrom: 'latest' });
    const since = subscriber(pizza, { startFrom: then, group: 'since' });
    await start(broker, [latest.Subscriber, since.Subscriber]);
    await publish(pizza, 'newest', { key: 'k' });
    await Promise.all([sees(latest.seen, 1), sees(since.seen, 2)]);
    expect([latest.seen, since.seen]).toEqual([['newest'], ['newer', 'newest']]);
  });

  it('of all topics that match a pattern, those that come later included', async () => {
    const broker = newBroker();
    const menu = uniqueName('menu');
    const { publish } = await publisher(broker);
    await publish(`${menu}.pizza`, 'pizza');
    const { Subscriber, seen } = subscriber(new RegExp(`^${menu}\\.`));
    await start(broker, [Subscriber]);
    await sees(seen, 1);
    await publish(`${menu}.pasta`, 'pasta');
    await publish(`no-${menu}.soup`, 'soup');
    await sees(seen, 2);
    expect(seen).toEqual(['pizza', 'pasta']);
  });

  it('come in batches, of which each event fails by itself', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const batches: unknown[][] = [];
    const handled: unknown[] = [];
    let failures = 0;
    @Controller()
    class Batches {
      @AsyncEvent(pizza, {
        startFrom: 'earliest',
        batch: { size: 5, waitMs: 50 },
        retry: { attempts: 2, initialDelayMs: 1 },
      })
      take(@Payload() events: number[], @Ctx() context: AsyncEventBatchContext): void {
        batches.push(events);
        expect(context.events.map(({ topic }) => topic)).toEqual(events.map(() => pizza));
        events.forEach((event, index) => {
          if (event === 3) context.fail(index, new HttpException('burnt', 400));
          else if (event === 4 && (failures += 1) === 1) context.fail(index, new Error('once'));
          else handled.push(event);
        });
      }
    }
    const { publish } = await publisher(broker);
    const numbers = Array.from({ length: 12 }, (_, index) => index);
    await Promise.all(numbers.map((number) => publish(pizza, number)));
    const { name } = await start(broker, [Batches]);
    await sees(handled, 11);
    expect(handled.toSorted((a, b) => Number(a) - Number(b))).toEqual(
      numbers.filter((number) => number !== 3),
    );
    expect(Math.max(...batches.map(({ length }) => length))).toBe(5);
    expect(batches.length).toBeLessThan(8);
    const letters = () => recordsOf(broker, `${name}.dead-letters`);
    await waitFor(async () => (await letters()).length === 1, { what: 'the dead letter' });
    expect((await letters())[0].value?.toString()).toBe('3');
  });

  it('fail together where a handler of batches throws', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const handled: unknown[] = [];
    let calls = 0;
    @Controller()
    class Batches {
      @AsyncEvent(pizza, { startFrom: 'earliest', batch: { size: 3 }, retry: { initialDelayMs: 1 } })
      take(@Payload() events: number[]): void {
        calls += 1;
        if (calls === 1) throw new Error('no oven');
        handled.push(...events);
      }
    }
    const { publish } = await publisher(broker);
    for (const number of [1, 2, 3]) await publish(pizza, number);
    await start(broker, [Batches]);
    await sees(handled, 3);
    expect(new Set(handled)).toEqual(new Set([1, 2, 3]));
    expect(handled).toHaveLength(3);
  });

  it('follow their contract at both ends, alone and in batches', async () => {
    const broker = newBroker();
    const topic = uniqueName('pizza');
    const baked = defineEvent(topic, {
      type: 'PizzaBaked',
      schema: z.object({ id: z.number(), at: z.coerce.date() }),
    });
    const [alone, together]: { id: number; at: Date }[][] = [[], []];
    @Controller()
    class Typed {
      @AsyncEvent(baked, { startFrom: 'earliest' })
      one(pizza: { id: number; at: Date }): void {
        alone.push(pizza);
      }

      @AsyncEvent(baked, { startFrom: 'earliest', group: 'batches', batch: { size: 2, waitMs: 20 } })
      many(pizzas: { id: number; at: Date }[]): void {
        together.push(...pizzas);
      }
    }
    const { client, publish } = await publisher(broker);
    await publish(topic, { id: 'no number' }, { type: 'PizzaBaked' });
    const at = new Date(0);
    await lastValueFrom(client.publish(baked, { id: 7, at }));
    await expect(lastValueFrom(client.publish(baked, { id: 'x' } as never))).rejects.toMatchObject({
      code: 'bad-request',
      details: [
        { path: 'id', message: expect.any(String) },
        { path: 'at', message: expect.any(String) },
      ],
    });
    const { name } = await start(broker, [Typed]);
    await Promise.all([sees(alone, 1), sees(together, 1)]);
    expect([alone, together]).toEqual([[{ id: 7, at }], [{ id: 7, at }]]);
    const letters = () => recordsOf(broker, `${name}.dead-letters`);
    await waitFor(async () => (await letters()).length === 2, { what: 'the letters of both groups' });
  });

  it('of foreign publishers are read as they are', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const { Subscriber, seen, contexts } = subscriber(pizza);
    await start(broker, [Subscriber]);
    const producer = broker.createProducer({ clientId: 'foreign' });
    await producer.connect();
    const headers = [['kafka_replyTopic', Buffer.from('left.over')]] as const;
    await producer.send([{ topic: pizza, partition: 0, key: null, value: Buffer.from('{"a":1}'), headers }]);
    await producer.close();
    await sees(seen, 1);
    expect(seen).toEqual([{ a: 1 }]);
    expect(contexts[0]).toMatchObject({ eventId: '', type: undefined, publisher: undefined });
  });

  it('leave the requests of the service their own room', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let started = 0;
    @Controller()
    class Both {
      @AsyncEvent(pizza, { startFrom: 'earliest' })
      async slow(): Promise<void> {
        started += 1;
        await held;
      }

      @AsyncEndpoint('/ping')
      ping(): string {
        return 'pong';
      }
    }
    const delivery = { concurrency: 2, maxInFlight: 4 };
    const { name } = await start(broker, [Both], { delivery });
    const { client, publish } = await publisher(broker);
    await Promise.all(Array.from({ length: 10 }, (_, number) => publish(pizza, number)));
    await waitFor(() => started === 2, { what: 'both places of the events to be taken' });
    expect(await lastValueFrom(client.send(`${name}/ping`, null))).toBe('pong');
    release();
  });

  it.each<[string, () => Type[], RegExp]>([
    [
      'two handlers of the same events',
      () => [subscriber('pizza').Subscriber, subscriber('pizza').Subscriber],
      /events in pizza .* declared twice/,
    ],
    [
      'two places to start',
      () => [
        subscriber('pizza').Subscriber,
        subscriber('pizza', { type: 'A', startFrom: 'latest' }).Subscriber,
      ],
      /start from different places/,
    ],
    [
      'a pattern that matches another topic of its group',
      () => [subscriber('pizza').Subscriber, subscriber(/^piz/).Subscriber],
      /matches the topic "pizza"/,
    ],
    ['a pattern that matches internal topics', () => [subscriber(/s$/).Subscriber], /no topic of events/],
    ['the topic of requests', () => [subscriber('bank.requests').Subscriber], /no topic of events/],
    [
      'a batch that can never be full',
      () => [subscriber('pizza', { batch: { size: 1_000 } }).Subscriber],
      /only 256 of them/,
    ],
  ])('refuses %s at the start', async (_, controllers, reason) => {
    await expect(start(newBroker(), controllers())).rejects.toThrow(reason);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a topic that cannot be', () => AsyncEvent('no topic/'), /no topic|not the name of a topic/],
    [
      'an unknown option',
      () => AsyncEvent('a', { grup: 'x' } as AsyncEventOptions),
      /there is no option "grup"/,
    ],
    ['no size', () => AsyncEvent('a', { batch: {} as never }), /batch.size.*missing/],
    ['a wrong start', () => AsyncEvent('a', { startFrom: new Date('nonsense') }), /no place to start/],
    ['a pattern with state', () => AsyncEvent(/a/g), /flag "g"/],
  ])('refuses %s where it is declared', (_, declare, reason) => {
    expect(declare).toThrow(reason);
  });

  it.each<[string, Parameters<Service['client']['publish']>, RegExp]>([
    ['a topic that cannot be', ['no topic/', 1], /not the name of a topic/],
    ['an unknown option', ['pizza', 1, { kay: 'x' } as never], /'kay' is not an option of publish/],
    ['an empty type', ['pizza', 1, { type: '' }], /not the type of an event/],
    ['what cannot be serialized', ['pizza', () => 1], /cannot be/],
  ])('does not publish %s', async (_, args, reason) => {
    const { publish } = await publisher(newBroker());
    await expect(publish(...args)).rejects.toThrow(reason);
  });
});
