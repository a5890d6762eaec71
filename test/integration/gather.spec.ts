import { afterEach, describe, expect, it } from '@jest/globals';
import { ConflictException, Controller, type Type } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  type AsyncCallContext,
  AsyncCallsClient,
  AsyncCallsModule,
  type AsyncCallsOptions,
  AsyncEndpoint,
  AsyncEvent,
  type Broker,
  type Gathered,
  type GatheredEnd,
  type GatherEventOptions,
  type GatherOptions,
} from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { EMPTY, lastValueFrom, type Observable, of, Subject, tap, toArray } from 'rxjs';
import { type AsyncCallsTesting, describeOnBrokers as describeTester } from '../../lib/testing/index.js';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { recordsOf } from '../support/records.js';
import { moduleOf, startService } from '../support/services.js';

/** A service's answer to whoever asks for offers, as an endpoint and as a subscriber. */
function bidder(topic: string, answer: (data: unknown) => unknown): { Bidder: Type; asked: unknown[] } {
  const asked: unknown[] = [];
  @Controller()
  class Bidder {
    @AsyncEndpoint('/offer')
    offer(@Payload() data: unknown): unknown {
      asked.push(data);
      return answer(data);
    }

    @AsyncEvent(topic, { startFrom: 'earliest' })
    wanted(@Payload() data: unknown): unknown {
      asked.push(data);
      return answer(data);
    }
  }
  return { Bidder, asked };
}

const endOf = (gathered: Observable<Gathered>): Promise<GatheredEnd> =>
  lastValueFrom(gathered) as Promise<GatheredEnd>;
const valuesOf = ({ responses }: GatheredEnd) => responses.map(({ value }) => value);
const sorted = (values: readonly unknown[]) => values.map(String).toSorted((a, b) => a.localeCompare(b));

/** How far a group has come with a topic of one partition. */
async function committedOf(broker: Broker, group: string, topic: string): Promise<bigint> {
  const admin = broker.createAdmin({ clientId: 'test' });
  const committed = async () => (await admin.fetchCommitted(group, [topic]))[0]?.offset ?? undefined;
  const offset = await waitFor(async () => (await committed()) || undefined, { what: 'the commit' });
  await admin.close();
  return offset;
}

const WANTED = 'offers-wanted';
/** For those who answer, on a busy machine and by Kafka. */
const ENOUGH_MS = 6_000;

const application = (
  service: string,
  controllers: Type[],
  options: Omit<Partial<AsyncCallsOptions>, 'broker'> = {},
) =>
  moduleOf({ imports: [AsyncCallsModule.forRoot({ service, broker: memory(), ...options })], controllers });

describeTester(
  'gather',
  (broker) => {
    let tester: AsyncCallsTesting;
    /** The answer of a service that has none, until the test is over. */
    let silence: Subject<never>;

    afterEach(async () => {
      silence.complete();
      await tester.settled();
      await tester.close();
    });

    /** The client of a service, with others beside it. */
    async function start(...others: Type[]) {
      silence = new Subject();
      tester = await broker.start([application('asker', []), ...others], {
        configure: (app) => app.useLogger(false),
      });
      return tester.appOf('asker').get(AsyncCallsClient);
    }

    /** Services that answer so, and the client of another. */
    async function setUp(...answers: ((data: unknown) => unknown)[]) {
      const bidders = answers.map((answer) => bidder(WANTED, answer));
      const names = bidders.map((_, index) => `bidder-${index + 1}`);
      const topics = { events: { partitions: 1 } };
      const client = await start(
        ...bidders.map(({ Bidder }, index) => application(names[index], [Bidder], { topics })),
      );
      const targets = names.map((name) => `${name}/offer`);
      const ask = (options?: GatherOptions) => endOf(client.gather(targets, 'data', options));
      const askAll = (options?: GatherEventOptions) =>
        endOf(client.gather({ event: WANTED }, 'data', options));
      return { client, names, targets, ask, askAll, bidders };
    }

    it('ends when all endpoints have answered, well or not', async () => {
      const { ask, targets } = await setUp(
        () => of(1, 2),
        () => {
          throw new ConflictException('no offer');
        },
        () => EMPTY,
      );
      const end = await ask();
      expect(end).toMatchObject({ kind: 'end', reason: 'all', unfinished: [] });
      expect(valuesOf(end)).toEqual([1, 2]);
      expect(end.responses.map(({ from, seq }) => [from, seq])).toEqual([
        [targets[0], 0],
        [targets[0], 1],
      ]);
      expect(end.failures).toEqual([
        { kind: 'failure', from: targets[1], error: expect.objectContaining({ statusCode: 409 }) },
      ]);
    });

    it('passes on what comes when it comes, and the end at last', async () => {
      const { client, targets } = await setUp(() => of('a', 'b'));
      const all = await lastValueFrom(client.gather(targets, null).pipe(toArray()));
      expect(all.map((each) => (each.kind === 'response' ? each.value : each.kind))).toEqual([
        'a',
        'b',
        'end',
      ]);
    });

    it('ends when there are enough, and tells the others so', async () => {
      let aborted = false;
      @Controller()
      class Endless {
        @AsyncEndpoint('/offer')
        offer(@Ctx() context: AsyncCallContext): Observable<never> {
          context.signal.addEventListener('abort', () => (aborted = true));
          return silence;
        }
      }
      const { Bidder } = bidder(WANTED, () => 1);
      const client = await start(application('bidder', [Bidder]), application('endless', [Endless]));
      const end = await endOf(client.gather(['bidder/offer', 'endless/offer'], null, { count: 1 }));
      expect(end).toMatchObject({ reason: 'count', unfinished: ['endless/offer'] });
      expect(valuesOf(end)).toEqual([1]);
      await waitFor(() => aborted, { what: 'the cancel' });
    });

    it('ends when its predicate says so', async () => {
      const { ask } = await setUp(
        () => of(1, 2, 3),
        () => silence,
      );
      const isEnough = (responses: readonly { value: unknown }[]) =>
        responses.reduce((sum, { value }) => sum + Number(value), 0) >= 3;
      const end = await ask({ when: isEnough });
      expect(end.reason).toBe('when');
      expect(valuesOf(end)).toEqual([1, 2]);
    });

    it('ends when its time is over, with what has come', async () => {
      const { ask, targets } = await setUp(
        () => 1,
        () => silence,
      );
      const [end] = await Promise.all([ask({ withinMs: ENOUGH_MS }), tester.advance(ENOUGH_MS)]);
      expect(end).toMatchObject({ reason: 'time', unfinished: [targets[1]] });
      expect(valuesOf(end)).toEqual([1]);
    });

    it('fails with what its predicate throws', async () => {
      const { ask } = await setUp(() => 1);
      const when = () => {
        throw new RangeError('not a number');
      };
      await expect(ask({ when })).rejects.toThrow('not a number');
    });

    it('gives the calls up that nobody waits for any more', async () => {
      let torn = false;
      const { client, targets, bidders } = await setUp(() =>
        silence.pipe(tap({ unsubscribe: () => (torn = true) })),
      );
      const subscription = client.gather(targets, null).subscribe();
      await waitFor(() => bidders[0].asked.length > 0, { what: 'the request' });
      subscription.unsubscribe();
      await waitFor(() => torn, { what: 'the cancel' });
    });

    it('asks all who have subscribed to an event, until its time is over', async () => {
      const { askAll, names } = await setUp(
        () => of('a1', 'a2'),
        () => 'b',
      );
      const [end] = await Promise.all([askAll({ withinMs: ENOUGH_MS }), tester.advance(ENOUGH_MS)]);
      expect(end).toMatchObject({ reason: 'time', unfinished: [] });
      expect(sorted(valuesOf(end))).toEqual(['a1', 'a2', 'b']);
      expect(new Set(end.responses.map(({ from }) => from))).toEqual(new Set(names));
      const ofFirst = end.responses.filter(({ from }) => from === names[0]);
      expect(ofFirst.map(({ value, seq }) => [value, seq])).toEqual([
        ['a1', 0],
        ['a2', 1],
      ]);
    });

    it('ends when all have answered who are expected to', async () => {
      const { askAll, names } = await setUp(
        () => 'a',
        () => {
          throw new ConflictException('no offer');
        },
      );
      const end = await askAll({ expect: names });
      expect(end).toMatchObject({ reason: 'all', unfinished: [] });
      expect(valuesOf(end)).toEqual(['a']);
      expect(end.failures).toMatchObject([{ from: names[1], error: { statusCode: 409 } }]);
      // An event is a fact, whoever heard of the failure.
      await tester.settled();
      expect(tester.sent({ kind: 'dead-letter' })).toMatchObject([{ from: names[1], to: names[1] }]);
    });

    it('says who has not answered of those who were expected to', async () => {
      const { askAll, names } = await setUp(
        () => 'a',
        () => silence,
      );
      const asking = askAll({ expect: names, withinMs: ENOUGH_MS });
      const [end] = await Promise.all([asking, tester.advance(ENOUGH_MS)]);
      expect(end).toMatchObject({ reason: 'time', unfinished: [names[1]] });
    });

    it('ends with the first offer that is good enough, and the event is handled all the same', async () => {
      const { askAll, bidders } = await setUp(
        () => 'a',
        () => 'b',
      );
      const end = await askAll({ count: 1 });
      expect(end.reason).toBe('count');
      expect(end.responses).toHaveLength(1);
      await tester.settled();
      expect(bidders.map(({ asked }) => asked)).toEqual([['data'], ['data']]);
    });

    it('hears a service once, though several of its groups have subscribed', async () => {
      let others = 0;
      @Controller()
      class Bidder {
        @AsyncEvent(WANTED)
        wanted(): Observable<string> {
          return of('a1', 'a2');
        }

        @AsyncEvent(WANTED, { group: 'statistics' })
        count(): string {
          others += 1;
          return 'nobody wants that';
        }
      }
      const client = await start(application('bidder', [Bidder]));
      await client.connect();
      const late = client.counts.lateResponses;
      const end = await endOf(client.gather({ event: WANTED }, null, { expect: ['bidder'] }));
      expect(end).toMatchObject({ reason: 'all', failures: [] });
      expect(valuesOf(end)).toEqual(['a1', 'a2']);
      await tester.settled();
      expect(others).toBe(1);
      const again = await endOf(client.gather({ event: WANTED }, null, { expect: ['bidder'] }));
      expect(valuesOf(again)).toEqual(['a1', 'a2']);
      expect(client.counts.lateResponses).toBe(late);
    });
  },
  { describe },
);

describeOnBrokers('gather', (newBroker) => {
  it('leaves a fact to later subscribers, though nobody is there any more who could hear them', async () => {
    const broker = newBroker();
    const { client, name } = await startService({ broker, topics: { events: { partitions: 1 } } });
    const topic = uniqueName('offers-wanted');
    const admin = broker.createAdmin({ clientId: 'test' });
    await admin.createTopics([{ topic, partitions: 1 }]);
    await client.connect();
    const asking = client.gather({ event: topic }, 'data').subscribe();
    await waitFor(async () => (await recordsOf(broker, topic)).length === 1, {
      what: 'the event to be stored',
    });
    asking.unsubscribe();
    await client.close();
    await admin.deleteTopics([`${name}.replies`]);
    await admin.close();
    const { Bidder, asked } = bidder(topic, () => 'a');
    const delivery = { commitIntervalMs: 20 };
    const { name: late } = await startService({ broker, delivery, controllers: [Bidder] });
    await waitFor(() => asked.length === 1, { what: 'the event' });
    expect(asked).toEqual(['data']);
    expect(await committedOf(broker, late, topic)).toBe(1n);
    expect(await recordsOf(broker, `${late}.dead-letters`)).toEqual([]);
  });

  it.each<[string, (names: string[]) => unknown[], RegExp]>([
    ['nobody', () => [[]], /nobody to gather from/],
    ['one endpoint twice', () => [['a/b', 'a/b']], /asked twice/],
    [
      'one endpoint twice, written differently',
      () => [['a/b', { service: 'a', endpoint: 'b' }]],
      /"a\/b" is to be asked twice/,
    ],
    ['what is no endpoint', () => [['a/b', 'no service/b']], /'no service\/b' is not an address/],
    [
      'an option of one-way calls',
      () => [['a/b'], { responses: 'handlers' }],
      /'responses' is not an option/,
    ],
    ['a wrong count', () => [['a/b'], { count: 0 }], /count: 0 is not a whole number/],
    ['an unknown option', () => [['a/b'], { cuont: 1 }], /'cuont' is not an option of gather/],
    ['a wrong predicate', () => [['a/b'], { when: true }], /when: true is not a function/],
    ['a service that cannot be', () => [{ event: 'e' }, { expect: ['no service'] }], /expect: 'no service'/],
    ['a topic that cannot be', () => [{ event: 'no topic/' }], /not the name of a topic/],
    [
      'an option of calls',
      () => [{ event: 'e' }, { onRedelivery: 'fail' }],
      /'onRedelivery' is not an option/,
    ],
    ['an event of no type', () => [{ event: 'e', type: '' }], /not the type of an event/],
  ])('refuses %s', async (_, argsOf, reason) => {
    const { client } = await startService({ broker: newBroker() });
    const [whom, options] = argsOf([]);
    await expect(endOf(client.gather(whom as never, null, options as never))).rejects.toThrow(reason);
  });
});
