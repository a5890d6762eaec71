import { expect, it, jest } from '@jest/globals';
import {
  BadRequestException,
  type CanActivate,
  Controller,
  Logger,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  type Type,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  AsyncCallsModule,
  AsyncCallsServer,
  AsyncEvent,
  type AsyncEventOptions,
  type Broker,
  connectAsyncCalls,
  RetryableError,
} from 'nestjs-async-calls';
import { lastValueFrom, tap } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { writeRaw } from '../support/raw-records.js';
import { recordsOf } from '../support/records.js';
import { moduleOf, type Service, type ServiceOptions, startService } from '../support/services.js';
import { sees, subscriber } from '../support/subscriber.js';

/** A controller that takes batches, and waits for `held` in each. */
function batchSubscriber(topic: string, batch: AsyncEventOptions['batch'], held: Promise<void>) {
  const taken: unknown[][] = [];
  const ended: unknown[] = [];
  @Controller()
  class BatchSubscriber {
    @AsyncEvent(topic, { startFrom: 'earliest', batch })
    async take(@Payload() events: unknown[]): Promise<void> {
      taken.push(events);
      await held;
      ended.push(...events);
    }
  }
  return { BatchSubscriber, taken, ended };
}

const seven = Array.from({ length: 7 }, (_, number) => number);

describeOnBrokers('events, delivered', (newBroker) => {
  /** Topics have one partition: what comes to a group has an order, also without keys. */
  const start = (
    broker: Broker,
    controllers: Type[],
    options: Partial<ServiceOptions> = {},
  ): Promise<Service> =>
    startService({ broker, controllers, topics: { events: { partitions: 1 } }, ...options });

  async function publisher(broker: Broker) {
    const { client } = await start(broker, []);
    return (...args: Parameters<typeof client.publish>) => lastValueFrom(client.publish(...args));
  }

  it('end with their batch where a shutdown comes in the middle of it, and are not run again', async () => {
    const broker = newBroker();
    const [pizza, service] = [uniqueName('pizza'), uniqueName('service')];
    const publish = await publisher(broker);
    for (const number of seven) await publish(pizza, number);
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { BatchSubscriber, taken, ended } = batchSubscriber(pizza, { size: 5, waitMs: 20_000 }, held);
    const { app } = await start(broker, [BatchSubscriber], { service, delivery: { drainTimeoutMs: 20_000 } });
    await waitFor(() => taken.length === 1, { what: 'the first batch' });

    const closing = app.close();
    // The last two have waited for three more, which will not come now.
    await waitFor(() => taken.length === 2, { what: 'the rest' });
    release();
    await closing;
    expect(ended).toEqual(seven);

    const next = subscriber(pizza);
    await start(broker, [next.Subscriber], { service });
    await publish(pizza, 'later');
    await sees(next.seen, 1);
    expect(next.seen).toEqual(['later']);
  });

  it('come again where a shutdown could not wait for their batch', async () => {
    const broker = newBroker();
    const [pizza, service] = [uniqueName('pizza'), uniqueName('service')];
    const publish = await publisher(broker);
    for (const number of seven) await publish(pizza, number);
    const endless = new Promise<void>(() => undefined);
    const { BatchSubscriber, taken } = batchSubscriber(pizza, { size: 5, waitMs: 0 }, endless);
    const { app } = await start(broker, [BatchSubscriber], { service, delivery: { drainTimeoutMs: 1 } });
    await waitFor(() => taken.flat().length === 7, { what: 'both batches' });
    await app.close();

    const next = subscriber(pizza);
    await start(broker, [next.Subscriber], { service });
    await sees(next.seen, 7);
    expect(next.seen).toEqual(seven);
  });

  it('go to the first of two patterns of a group that match their topic, with a warning', async () => {
    const broker = newBroker();
    const menu = uniqueName('menu');
    const publish = await publisher(broker);
    await publish(`${menu}.pizza`, 'both');
    await publish(`no-${menu}.pizza`, 'second');
    const first = subscriber(new RegExp(`^${menu}`));
    const second = subscriber(new RegExp(`${menu}.pizza$`));
    const warned = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    await start(broker, [first.Subscriber, second.Subscriber]);
    await Promise.all([sees(first.seen, 1), sees(second.seen, 1)]);
    const warnings = warned.mock.calls.map(([message]) => String(message));
    warned.mockRestore();
    expect([first.seen, second.seen]).toEqual([['both'], ['second']]);
    expect(warnings.filter((message) => message.includes('matches both'))).toEqual([
      expect.stringContaining(`"${menu}.pizza" matches both /^${menu}/ of Subscriber.take`),
    ]);
  });

  it('of a topic that a pattern finds later are all read, though their group starts at the latest', async () => {
    const broker = newBroker();
    const menu = uniqueName('menu');
    const publish = await publisher(broker);
    await publish(`${menu}.pizza`, 'before the start');
    const { Subscriber, seen } = subscriber(new RegExp(`^${menu}\\.`), { startFrom: 'latest' });
    await start(broker, [Subscriber]);
    for (const event of ['first', 'second', 'third']) await publish(`${menu}.pasta`, event);
    await waitFor(() => seen.length >= 3, { what: 'the events of the new topic', timeoutMs: 20_000 });
    expect(seen).toEqual(['first', 'second', 'third']);
  });

  it('wait for one of their key that fails, and not for one of another', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const tried: unknown[] = [];
    const { Subscriber, seen } = subscriber(pizza, {}, (data) => {
      tried.push(data);
      if (data === 'burnt') throw new RetryableError('no oven', { retryAfterMs: 600_000 });
    });
    await start(broker, [Subscriber]);
    const publish = await publisher(broker);
    await publish(pizza, 'burnt', { key: 'a' });
    await publish(pizza, 'behind it', { key: 'a' });
    await publish(pizza, 'of another key', { key: 'b' });
    await publish(pizza, 'of none');
    await sees(seen, 2);
    expect(seen).toEqual(['of another key', 'of none']);
    expect(tried).toEqual(['burnt', 'of another key', 'of none']);
  });

  it('that were sent twice with one id are handled once by each group', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const [own, reports] = [subscriber(pizza), subscriber(pizza, { group: 'reports' })];
    const { app } = await start(broker, [own.Subscriber, reports.Subscriber]);
    const sent = (id: string, value: string) => ({
      value,
      headers: [
        ['ac-kind', 'event'],
        ['kafka_correlationId', id],
      ] as const,
    });
    await writeRaw(broker, { topic: pizza, partition: 0 }, [sent('7', '1'), sent('7', '1'), sent('8', '2')]);
    await Promise.all([sees(own.seen, 2), sees(reports.seen, 2)]);
    expect([own.seen, reports.seen]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    const counts = () => app.get(AsyncCallsServer).counts;
    await waitFor(() => counts().served + counts().duplicate === 6, { what: 'all six to be done' });
    expect(counts()).toMatchObject({ received: 6, served: 4, duplicate: 2 });
  });

  it('that cannot be read are kept as dead letters, and hold up nothing', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const { Subscriber, seen } = subscriber(pizza);
    const { name } = await start(broker, [Subscriber]);
    await writeRaw(broker, { topic: pizza, partition: 0 }, [{ value: '{' }, { value: '1' }]);
    await sees(seen, 1);
    const letters = () => recordsOf(broker, `${name}.dead-letters`);
    await waitFor(async () => (await letters()).length === 1, { what: 'the dead letter' });
    const [letter] = await letters();
    expect(letter.value?.toString()).toBe('{');
    const headers = new Map(letter.headers.map(([header, value]) => [header, value?.toString()]));
    expect(headers.get('kafka_dlt-original-topic')).toBe(pizza);
    expect(headers.get('kafka_dlt-original-consumer-group')).toBe(name);
  });

  it('pass guards, pipes and interceptors; what these refuse is kept as a dead letter', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const seen: unknown[] = [];
    const isWanted: CanActivate = {
      canActivate: (context) => context.switchToRpc().getData<{ guest: string }>().guest !== 'stranger',
    };
    const toUpper: PipeTransform<{ guest: string }> = {
      transform: (event) => {
        if (event.guest === 'nobody') throw new BadRequestException('a guest has a name');
        return event.guest.toUpperCase();
      },
    };
    const counted: NestInterceptor = {
      intercept: (_, next) => next.handle().pipe(tap((value) => seen.push(`emitted ${value}`))),
    };
    @Controller({ scope: Scope.REQUEST })
    class Guarded {
      @UseGuards(isWanted)
      @UseInterceptors(counted)
      @AsyncEvent(pizza, { startFrom: 'earliest' })
      async *take(@Payload(toUpper) guest: string) {
        yield guest;
        seen.push(`done ${guest}`);
      }
    }
    const { name, app } = await start(broker, [Guarded]);
    const publish = await publisher(broker);
    for (const guest of ['stranger', 'nobody', 'ann']) await publish(pizza, { guest }, { key: 'k' });
    await sees(seen, 2);
    expect(seen).toEqual(['emitted ANN', 'done ANN']);
    await waitFor(() => app.get(AsyncCallsServer).counts.served === 1, { what: 'the last to be served' });
    const letters = await recordsOf(broker, `${name}.dead-letters`);
    expect(letters.map(({ value }) => value?.toString())).toEqual([
      '{"guest":"stranger"}',
      '{"guest":"nobody"}',
    ]);
    expect(app.get(AsyncCallsServer).counts).toMatchObject({ failed: 2, retried: 0, deadLettered: 2 });
  });

  it('come to each of several services of one application, and are refused where it is not said to which', async () => {
    const broker = newBroker();
    const pizza = uniqueName('pizza');
    const services = [uniqueName('service'), uniqueName('service')];
    const [one, two] = services.map((service) => subscriber(pizza, { service }));
    const modules = services.map((service) => AsyncCallsModule.forRoot({ service, broker, isGlobal: false }));
    const applicationOf = (controllers: Type[]) =>
      NestFactory.create(moduleOf({ imports: modules, controllers }), { logger: false, abortOnError: false });
    const refused = await applicationOf([subscriber(pizza).Subscriber]);
    expect(() => connectAsyncCalls(refused)).toThrow(
      `The handler of events in ${pizza} (Subscriber.take) names no service`,
    );
    await refused.close();

    const app = await applicationOf([one.Subscriber, two.Subscriber]);
    connectAsyncCalls(app);
    await app.startAllMicroservices();
    await app.init();
    const [client] = app.get(AsyncCallsClient, { each: true, strict: false });
    await lastValueFrom(client.publish(pizza, 1));
    await Promise.all([sees(one.seen, 1), sees(two.seen, 1)]);
    expect([one.seen, two.seen]).toEqual([[1], [1]]);
    await app.close();
  });
});
