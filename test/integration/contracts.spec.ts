import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, type Type, UseGuards, ValidationPipe } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import {
  AsyncCallContext,
  AsyncCallError,
  AsyncCallsClient,
  AsyncCallsModule,
  AsyncCallsServer,
  AsyncEndpoint,
  type Broker,
  connectAsyncCalls,
  defineEndpoint,
} from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { catchError, concat, lastValueFrom, NEVER, type Observable, of, tap, toArray } from 'rxjs';
import * as v from 'valibot';
import { z } from 'zod';
import { type AsyncCallsTesting, describeOnBrokers as describeTester } from '../../lib/testing/index.js';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { createService, moduleOf, startService } from '../support/services.js';
import { deferred } from '../unit/support/deferred.js';

const Wish = z.object({ amount: z.number().int(), at: z.iso.datetime().transform((text) => new Date(text)) });
// What it makes of a value it does not take itself.
const Dollars = v.pipe(
  v.number(),
  v.transform((amount) => `$${amount}`),
);
const Bundle = v.object({ amount: Dollars, note: v.optional(v.string(), 'none') });

/** The contracts of a service of a test, and how often its handlers and guards have run. */
function moneyBroker(service = uniqueName('money')) {
  const schemas = { request: Wish, response: Bundle };
  const money = defineEndpoint(service, '/money', schemas);
  const refused = defineEndpoint(service, '/refused', { response: Bundle });
  const runs = { handlers: 0, guards: 0 };
  const guard = { canActivate: () => (runs.guards += 1) > 0 };

  @Controller()
  class MoneyController {
    @UseGuards(guard)
    @AsyncEndpoint(money)
    async *money(@Payload() { amount, at }: z.output<typeof Wish>, @Ctx() _context: AsyncCallContext) {
      runs.handlers += 1;
      yield { amount };
      yield { amount, note: at.toISOString() };
    }

    @AsyncEndpoint(refused)
    refused(kind: unknown): Observable<{ amount: number }> {
      runs.handlers += 1;
      const wrong = { amount: 'much' } as unknown as { amount: number };
      return kind === 'first' ? of(wrong) : concat(of({ amount: 1 }, wrong), NEVER);
    }
  }
  return { service, money, refused, runs, controllers: [MoneyController] };
}

const startMoneyBroker = async (broker: Broker) => {
  const { service, controllers, ...rest } = moneyBroker();
  const { app, client } = await startService({ broker, service, controllers });
  return { ...rest, service, client, server: app.get(AsyncCallsServer) };
};

const outcome = (values: Observable<unknown>) =>
  lastValueFrom(
    values.pipe(
      catchError((error: unknown) => of(error)),
      toArray(),
    ),
  );

describeOnBrokers('contracts', (newBroker) => {
  it('give each side what the schemas make of what the other has given', async () => {
    const { client, money } = await startMoneyBroker(newBroker());
    const wish = { amount: 7, at: '2026-01-02T03:04:05Z' };
    const bundles = [
      { amount: '$7', note: 'none' },
      { amount: '$7', note: '2026-01-02T03:04:05.000Z' },
    ];
    expect(await outcome(client.call(money, wish))).toEqual(bundles);
    const responses = await lastValueFrom(
      client.to(money, { key: 'a' }).with({ timeoutMs: 20_000 }).responses(wish).pipe(toArray()),
    );
    expect(responses.map(({ value, seq, delivery }) => ({ value, seq, delivery }))).toEqual(
      bundles.map((value, seq) => ({ value, seq, delivery: 1 })),
    );
  });

  it('keep a request that its schema refuses from being sent', async () => {
    const { client, money, server, runs } = await startMoneyBroker(newBroker());
    const bad = { amount: 'much' as never, at: '2026-01-02T03:04:05Z' };
    const expected = {
      code: 'bad-request',
      statusCode: 400,
      message: expect.stringMatching(
        /^The request of money-\w+\/money does not follow its contract: amount: /,
      ),
      details: [{ path: 'amount', message: expect.stringMatching(/number/) }],
    };
    const [error] = await outcome(client.call(money, bad));
    expect(error).toBeInstanceOf(AsyncCallError);
    expect(error).toMatchObject(expected);
    expect(await outcome(client.to(money).emit(bad))).toMatchObject([expected]);
    // What is sent afterwards is the first that comes.
    await lastValueFrom(client.call(money, { ...bad, amount: 1 }));
    expect([server.counts.received, runs.handlers, client.inFlight]).toEqual([1, 1, 0]);
  });

  it('answer a request that its schema refuses, before guards and handler, and do not try it again', async () => {
    const { client, money, server, runs } = await startMoneyBroker(newBroker());
    // By its name: that is how somebody calls who has not got the contract.
    const byName = client.to(money.address);
    expect(await outcome(byName.send({ amount: 1.5, at: 'now' }))).toMatchObject([
      {
        code: 'bad-request',
        statusCode: 400,
        details: [
          { path: 'amount', message: expect.any(String) },
          { path: 'at', message: expect.any(String) },
        ],
      },
    ]);
    expect(runs).toEqual({ handlers: 0, guards: 0 });
    await waitFor(() => server.counts.failed === 1, { what: 'the request to be done' });
    expect(server.counts).toMatchObject({ retried: 0, deadLettered: 0 });
    // Of a one-way call nobody else would hear.
    await lastValueFrom(byName.emit('nonsense'));
    await waitFor(() => server.counts.deadLettered === 1, { what: 'the dead letter' });
    expect(server.counts).toMatchObject({ retried: 0, received: 2 });
  });

  it('keep a response that its schema refuses from being sent; the call fails for good', async () => {
    const { client, refused, server, runs } = await startMoneyBroker(newBroker());
    const expected = {
      code: 'internal',
      statusCode: 500,
      message: expect.stringMatching(
        /^A response of money-\w+\/refused does not follow its contract: amount: /,
      ),
      details: [{ path: 'amount', message: expect.any(String) }],
    };
    expect(await outcome(client.call(refused, 'first'))).toMatchObject([expected]);
    expect(await outcome(client.call(refused, 'second'))).toMatchObject([
      { amount: '$1', note: 'none' },
      expected,
    ]);
    await waitFor(() => server.counts.failed === 2, { what: 'both requests to be done' });
    expect(server.counts).toMatchObject({ retried: 0, deadLettered: 0 });
    expect(runs.handlers).toBe(2);
  });

  it('keep the order of responses with an asynchronous schema, at either end', async () => {
    const service = uniqueName('slow');
    const waits = new Map<unknown, Promise<void>>();
    const checked: unknown[] = [];
    const response = v.pipeAsync(
      v.number(),
      v.checkAsync(async (value) => {
        await waits.get(value);
        checked.push(value);
        return value !== 13;
      }, 'unlucky'),
    );
    const request = v.pipeAsync(
      v.array(v.number()),
      v.checkAsync(async (values) => values.length < 9, 'too many'),
    );
    const numbers = defineEndpoint(service, '/numbers', { request, response });

    @Controller()
    class NumbersController {
      asked: number[] = [];

      @AsyncEndpoint(numbers)
      async *numbers(values: number[]) {
        for (const value of values) {
          this.asked.push(value);
          yield value;
        }
      }
    }

    const { app, client } = await startService({
      broker: newBroker(),
      service,
      controllers: [NumbersController],
    });
    const slow = deferred();
    waits.set(1, slow.promise);
    const got: number[] = [];
    const ending = outcome(client.call(numbers, [0, 1, 2, 13, 4]).pipe(tap((value) => got.push(value))));
    await waitFor(() => checked.filter((value) => value === 0).length === 2, { what: 'the first value' });
    const { asked } = app.get(NumbersController);
    await waitFor(() => asked.length === 2, { what: 'the iterable to be asked for the second' });
    expect([got, asked]).toEqual([[0], [0, 1]]);
    slow.resolve();
    expect(await ending).toMatchObject([0, 1, 2, { code: 'internal', details: [{ message: 'unlucky' }] }]);
    expect(got).toEqual([0, 1, 2]);
    expect(await outcome(client.call(numbers, [1, 2, 3]))).toEqual([1, 2, 3]);
    expect(
      await outcome(
        client.call(
          numbers,
          Array.from({ length: 9 }, () => 0),
        ),
      ),
    ).toMatchObject([{ code: 'bad-request', details: [{ path: '', message: 'too many' }] }]);
  });

  it('do not run a request that was given up while it was checked', async () => {
    const service = uniqueName('late');
    const [checking, late] = [deferred(), deferred<boolean>()];
    const request = v.pipeAsync(
      v.unknown(),
      v.checkAsync(() => {
        checking.resolve();
        return late.promise;
      }, 'late'),
    );
    const contract = defineEndpoint(service, '/late', { request });
    let runs = 0;

    @Controller()
    class LateController {
      @AsyncEndpoint(contract)
      late(): number {
        return (runs += 1);
      }
    }

    const { app, client } = await startService({
      broker: newBroker(),
      service,
      controllers: [LateController],
    });
    const server = app.get(AsyncCallsServer);
    const call = client.to(contract.address).send('given up').subscribe();
    await checking.promise;
    call.unsubscribe();
    await waitFor(() => server.counts.received === 2, { what: 'the cancel' });
    late.resolve(true);
    await waitFor(() => server.counts.cancelled === 1, { what: 'the end of the request' });
    expect(await outcome(client.call(contract, 'another'))).toEqual([1]);
  });

  it('take every way to return responses', async () => {
    const service = uniqueName('ways');
    const way = (endpoint: string) => defineEndpoint(service, endpoint, { response: v.number() });
    const ways = ['/value', '/promise', '/observable', '/promised', '/iterable', '/generator'].map(way);
    const [value, promise, observable, promised, iterable, generator] = ways;

    @Controller()
    class WaysController {
      @AsyncEndpoint(value)
      value() {
        return 1;
      }

      @AsyncEndpoint(promise)
      async promise() {
        return 1;
      }

      @AsyncEndpoint(observable)
      observable() {
        return of(1, 2);
      }

      @AsyncEndpoint(promised)
      async promised() {
        return of(1, 2);
      }

      @AsyncEndpoint(iterable)
      async *iterable() {
        yield 1;
        yield 2;
      }

      @AsyncEndpoint(generator)
      *generator() {
        yield 1;
        yield 2;
      }
    }

    const { client } = await startService({ broker: newBroker(), service, controllers: [WaysController] });
    const outcomes = await Promise.all(ways.map((contract) => outcome(client.call(contract, undefined))));
    expect(outcomes).toEqual([[1], [1], [1, 2], [1, 2], [1, 2], [1, 2]]);
  });

  it("leave a request without a schema to Nest's pipes", async () => {
    class Order {
      @IsInt()
      amount!: number;
    }
    const service = uniqueName('orders');
    const order = defineEndpoint<{ amount: number }, string>(service, '/order');

    @Controller()
    class OrderController {
      @AsyncEndpoint(order)
      order(@Payload() data: Order): string {
        return `${data.constructor.name} of ${data.amount}`;
      }
    }

    const { client } = await startService({
      broker: newBroker(),
      service,
      controllers: [OrderController],
      configure: (app) => app.useGlobalPipes(new ValidationPipe({ transform: true })),
    });
    expect(await outcome(client.call(order, { amount: 7 }))).toEqual(['Order of 7']);
    expect(await outcome(client.call(order, { amount: 1.5 }))).toMatchObject([
      { code: 'bad-request', details: { message: ['amount must be an integer number'] } },
    ]);
  });

  it('keep an application from starting that is not the service of the contract', async () => {
    const { controllers, service } = moneyBroker();
    const { app, name } = await createService({ broker: newBroker(), controllers });
    await app.init();
    expect(() => connectAsyncCalls(app)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message:
          `MoneyController.money is to serve the contract of "/money", which is an endpoint of the service "${service}"; ` +
          `this application is "${name}". Serve it in "${service}", or define the contract for the service that has it.`,
      }),
    );
  });
});

describeTester(
  'contracts, answered by a fake or in vain,',
  (broker) => {
    let tester: AsyncCallsTesting;
    let client: AsyncCallsClient;

    afterEach(async () => {
      await tester.settled();
      await tester.close();
    });

    async function start(...others: Type[]): Promise<void> {
      const reader = moduleOf({
        imports: [AsyncCallsModule.forRoot({ service: 'reader', broker: memory() })],
      });
      tester = await broker.start([reader, ...others], { configure: (app) => app.useLogger(false) });
      client = tester.appOf('reader').get(AsyncCallsClient);
      await client.connect();
    }

    it('fail a call whose responses do not follow them, and give it up', async () => {
      await start();
      tester
        .fake('scribe/x')
        .sends(
          { seq: 0, value: { amount: 1 } },
          { seq: 1, value: { amount: 'much' } },
          { seq: 2, value: 'more' },
        );
      const contract = defineEndpoint('scribe', '/x', { response: Bundle });
      expect(await outcome(client.call(contract, 1))).toMatchObject([
        { amount: '$1', note: 'none' },
        {
          code: 'protocol-error',
          message: expect.stringMatching(/^A response of scribe\/x does not follow its contract: amount: /),
          details: [{ path: 'amount', message: expect.any(String) }],
        },
      ]);
      await waitFor(() => client.counts.cancelsWritten === 1, { what: 'the cancel' });
      const [{ requestId }] = tester.sent({ kind: 'request' });
      expect(tester.sent({ kind: 'cancel' })).toMatchObject([{ to: 'scribe', requestId }]);
    });

    it('end with a timeout where an asynchronous schema does not end', async () => {
      await start();
      const [checking, late] = [deferred(), deferred<boolean>()];
      const never = v.pipeAsync(
        v.number(),
        v.checkAsync(() => {
          checking.resolve();
          return late.promise;
        }, 'never'),
      );
      // Enough for the response to come and be checked, on a busy machine and by Kafka.
      const options = { timeoutMs: 8_000 };
      tester.fake('scribe/x').sends({ seq: 0, value: 1 }, { seq: 1, kind: 'last', value: 2 });
      const response = defineEndpoint('scribe', '/x', { response: never });
      const ending = outcome(client.call(response, 1, options));
      await checking.promise;
      await tester.advance(8_000);
      expect(await ending).toMatchObject([{ code: 'timeout' }]);
      const request = defineEndpoint('scribe', '/x', { request: never });
      const refusing = outcome(client.call(request, 1, { timeoutMs: 1_000 }));
      await tester.advance(1_000);
      expect(await refusing).toMatchObject([
        {
          code: 'timeout',
          message: 'The call of scribe/x was not sent: the check of its request did not end within 1000 ms.',
        },
      ]);
      late.resolve(true);
      await lastValueFrom(client.emit('scribe/x', 'afterwards'));
      // Whatever the check has let go has been sent by now.
      await tester.settled();
      expect(tester.sent({ to: 'scribe' })).toMatchObject([
        { kind: 'request', value: 1 },
        { kind: 'one-way', value: 'afterwards' },
      ]);
      expect(client.inFlight).toBe(0);
    });

    it('do not keep a service waiting longer than maxHandlerMs for an asynchronous schema', async () => {
      const never = v.pipeAsync(
        v.number(),
        v.checkAsync(() => new Promise<boolean>(() => undefined), 'never'),
      );
      const asked = defineEndpoint('endless', '/asked', { request: never });
      const answered = defineEndpoint('endless', '/answered', { response: never });
      const options = { maxHandlerMs: 100, retry: { attempts: 1 } };

      @Controller()
      class EndlessController {
        @AsyncEndpoint(asked, options)
        asked(): number {
          return 1;
        }

        @AsyncEndpoint(answered, options)
        async *answered() {
          yield 1;
        }
      }

      await start(
        moduleOf({
          imports: [AsyncCallsModule.forRoot({ service: 'endless', broker: memory() })],
          controllers: [EndlessController],
        }),
      );
      for (const { address } of [asked, answered]) {
        const ending = outcome(client.send(address, 1));
        await tester.advance(100);
        expect(await ending).toMatchObject([
          { code: 'timeout', message: `${address.endpoint} did not end within 100 ms (maxHandlerMs).` },
        ]);
      }
    });
  },
  { describe },
);
