import { expect, it } from '@jest/globals';
import { ConflictException, Controller, ValidationPipe } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import {
  AsyncCallContext,
  AsyncCallsServer,
  AsyncEndpoint,
  AsyncResponse,
  AsyncResponseContext,
  type AsyncResponseOptions,
  type CallOptions,
  type ReceivedResponse,
} from 'nestjs-async-calls';
import { concat, EMPTY, firstValueFrom, lastValueFrom, of, ReplaySubject, throwError } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { type RawRecord, writeRaw } from '../support/raw-records.js';
import { recordsOf } from '../support/records.js';
import { startService } from '../support/services.js';

class Bundle {
  @IsInt()
  amount!: number;
}

type Response = ReceivedResponse<Bundle>;

/** Pipes see the end, too, which has no value. */
class ValuePipe extends ValidationPipe {
  override async transform(value: unknown, metadata: Parameters<ValidationPipe['transform']>[1]) {
    return value === undefined ? undefined : ((await super.transform(value, metadata)) as unknown);
  }
}

@Controller()
class BankController {
  @AsyncEndpoint('/bundles')
  bundles(@Payload() amounts: number[]) {
    return of(...amounts.map((amount) => ({ amount })));
  }

  @AsyncEndpoint('/none')
  none() {
    return EMPTY;
  }

  @AsyncEndpoint('/refuse')
  refuse() {
    const refusal = new ConflictException({ message: 'The account is closed', account: 7 });
    return concat(
      of({ amount: 1 }),
      throwError(() => refusal),
    );
  }

  /** Fails once, behind its first value. */
  @AsyncEndpoint('/flaky', { retry: { initialDelayMs: 1 } })
  flaky(@Ctx() { attempt }: AsyncCallContext) {
    const rest = attempt === 1 ? throwError(() => new Error('not yet')) : of({ amount: 2 });
    return concat(of({ amount: 1 }), rest);
  }

  @AsyncEndpoint('/unhandled')
  unhandled() {
    return 'nobody wants it';
  }
}

interface Setting {
  /** Of the handlers. */
  readonly options?: AsyncResponseOptions;
  /** Called for each response before it is noted. */
  readonly handle?: (response: Response, context: AsyncResponseContext) => unknown;
}

describeOnBrokers('durable responses', (newBroker) => {
  /** A bank, and how to start instances of a shop that calls it. */
  async function setUp({ options, handle = () => undefined }: Setting = {}) {
    const broker = newBroker();
    const { name: bank } = await startService({ broker, controllers: [BankController] });
    const shop = uniqueName('shop');
    const handled: Response[] = [];
    const contexts: AsyncResponseContext[] = [];
    const values: unknown[] = [];

    @Controller()
    class ShopController {
      @AsyncResponse(bank, '/bundles', { retry: { initialDelayMs: 1 }, ...options })
      async bundle(@Payload() response: Response, @Ctx() context: AsyncResponseContext) {
        contexts.push(context);
        await handle(response, context);
        handled.push(response);
      }

      @AsyncResponse({ service: bank, endpoint: 'none' })
      end(@Payload() response: Response) {
        handled.push(response);
      }

      @AsyncResponse(bank, 'flaky')
      flaky(@Payload() response: Response) {
        handled.push(response);
      }

      @AsyncResponse(bank, 'refuse')
      value(
        @Payload('value', new ValuePipe({ transform: true })) value: Bundle,
        @Payload() response: Response,
      ) {
        values.push(value);
        handled.push(response);
      }
    }

    const topics = { responses: { partitions: 2 }, replies: { partitions: 1 } };
    const start = () => startService({ broker, service: shop, controllers: [ShopController], topics });
    const startWithoutHandlers = () => startService({ broker, service: shop, topics });
    type Starting = ReturnType<typeof start>;
    const emit = async (from: Starting, endpoint: string, data: unknown, more: CallOptions = {}) => {
      const { client } = await from;
      await lastValueFrom(client.to(`${bank}${endpoint}`, { responses: 'handlers', ...more }).emit(data));
    };
    const letters = async () =>
      (await recordsOf(broker, `${shop}.dead-letters`)).map(({ headers }) => {
        const texts = new Map(headers.map(([name, value]) => [name, value.toString()]));
        return ['kafka_dlt-exception-fqcn', 'ac-dlt-attempts', 'kafka_dlt-exception-message'].map((name) =>
          texts.get(name),
        );
      });
    /** A response as a service writes it. */
    const response = (id: string, kind: string, seq: number, epoch = 1): RawRecord => ({
      value: kind === 'next' || kind === 'last' ? JSON.stringify({ amount: 100 * epoch + seq }) : null,
      headers: [
        ['kafka_correlationId', id],
        ['ac-version', '1'],
        ['ac-kind', kind],
        ['ac-id', `${id}-${epoch}-${seq}`],
        ['ac-seq', String(seq)],
        ['ac-epoch', String(epoch)],
        ['ac-attempt', '1'],
        ['ac-state', JSON.stringify({ service: bank, endpoint: '/bundles' })],
      ],
    });
    const write = (...records: RawRecord[]) =>
      writeRaw(broker, { topic: `${shop}.responses`, partition: 0 }, records);
    const brief = () => handled.map(({ kind, value }) => (value ? `${kind} ${value.amount}` : kind));
    return {
      broker,
      bank,
      shop,
      start,
      startWithoutHandlers,
      emit,
      handled,
      contexts,
      values,
      brief,
      letters,
      response,
      write,
    };
  }

  it('come to the handler one by one, the last with the end, each with the state of the call', async () => {
    const { bank, handled, contexts, start, emit } = await setUp();
    await emit(start(), '/bundles', [1, 2, 3], { state: { orderId: 7 }, key: 'customer-1' });
    await waitFor(() => handled.length === 3, { what: 'three responses' });
    const [{ requestId }] = handled;
    const id: unknown = expect.any(String);
    const common = { id, requestId, service: bank, endpoint: '/bundles', state: { orderId: 7 } };
    expect(handled).toEqual([
      { ...common, kind: 'next', seq: 0, value: { amount: 1 }, isEnd: false },
      { ...common, kind: 'next', seq: 1, value: { amount: 2 }, isEnd: false },
      { ...common, kind: 'last', seq: 2, value: { amount: 3 }, isEnd: true },
    ]);
    expect(new Set(handled.map((each) => each.id)).size).toBe(3);
    expect(contexts[0]).toBeInstanceOf(AsyncResponseContext);
    expect(contexts[0]).toMatchObject({ requestId, service: bank, endpoint: '/bundles', attempt: 1 });
    expect(contexts[0].instance).toMatch(/^[0-9a-f]{8}$/);
  });

  it('come also when they are none, or an error; pipes see each value', async () => {
    const { handled, values, start, emit, letters } = await setUp();
    const shop = start();
    await emit(shop, '/none', 1);
    await waitFor(() => handled.length === 1, { what: 'the end without a value' });
    expect(handled[0]).toMatchObject({ kind: 'complete', seq: 0, isEnd: true, state: undefined });
    await emit(shop, '/refuse', 1, { state: 'order 7' });
    await waitFor(() => handled.length === 3, { what: 'a value and the error' });
    expect(handled[2]).toMatchObject({
      kind: 'error',
      seq: 1,
      isEnd: true,
      state: 'order 7',
      error: { code: 'conflict', statusCode: 409, message: 'The account is closed' },
    });
    expect(values).toEqual([expect.any(Bundle), undefined]);
    expect(await letters()).toEqual([]);
  });

  it('keep their order in a request, also when an attempt fails', async () => {
    const tried: string[] = [];
    const { brief, start, emit } = await setUp({
      handle: ({ seq }, { attempt }) => {
        tried.push(`${seq}, attempt ${attempt}`);
        if (attempt < 3 && seq !== 1) throw new Error('not yet');
      },
    });
    await emit(start(), '/bundles', [1, 2, 3]);
    await waitFor(() => brief().length === 3, { what: 'three responses' });
    expect(brief()).toEqual(['next 1', 'next 2', 'last 3']);
    const thrice = (seq: number) => [1, 2, 3].map((attempt) => `${seq}, attempt ${attempt}`);
    expect(tried).toEqual([...thrice(0), '1, attempt 1', ...thrice(2)]);
  });

  it('of other requests wait for nothing', async () => {
    const released = new ReplaySubject<void>();
    const { brief, start, emit } = await setUp({
      handle: ({ state }) => state === 'held' && firstValueFrom(released),
    });
    const shop = start();
    await emit(shop, '/bundles', [1, 2], { state: 'held' });
    for (const amount of [3, 4, 5]) await emit(shop, '/bundles', [amount]);
    await waitFor(() => brief().length === 3, { what: 'the other requests' });
    released.next();
    await waitFor(() => brief().length === 5, { what: 'the one that was held' });
    expect(brief().slice(3)).toEqual(['next 1', 'last 2']);
  });

  it('run no more at once than their handler says', async () => {
    let [running, most] = [0, 0];
    const { handled, start, emit } = await setUp({
      options: { concurrency: 1 },
      handle: async () => {
        most = Math.max(most, (running += 1));
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        running -= 1;
      },
    });
    const shop = start();
    await Promise.all([1, 2, 3, 4].map((amount) => emit(shop, '/bundles', [amount, amount])));
    await waitFor(() => handled.length === 8, { what: 'all responses' });
    expect(most).toBe(1);
  });

  it('reach any instance, also after the one that has called is gone', async () => {
    const { handled, start, startWithoutHandlers, emit } = await setUp();
    const caller = startWithoutHandlers();
    for (const order of [1, 2, 3, 4]) await emit(caller, '/bundles', [order], { state: order });
    await (await caller).app.close();
    expect(handled).toEqual([]);
    await Promise.all([start(), start()]);
    await waitFor(() => handled.length === 4, { what: 'the responses to all calls' });
    expect(new Set(handled.map(({ state }) => state))).toEqual(new Set([1, 2, 3, 4]));
  });

  it('that a shutdown has cut off are handled by the next instance', async () => {
    const never = new ReplaySubject<void>();
    let isHeld = true;
    const signals: AbortSignal[] = [];
    const { brief, start, emit } = await setUp({
      handle: async (_, { signal }) => {
        signals.push(signal);
        if (isHeld) await firstValueFrom(never);
      },
    });
    const first = start();
    await emit(first, '/bundles', [1, 2]);
    await waitFor(() => signals.length === 1, { what: 'the handler to run' });
    await (await first).app.close();
    expect(signals[0].aborted).toBe(true);
    isHeld = false;
    await start();
    await waitFor(() => brief().length === 2, { what: 'both responses' });
    expect(brief()).toEqual(['next 1', 'last 2']);
  });

  it('of a handler that is tried again in mid-stream come once', async () => {
    const { brief, start, emit } = await setUp();
    const shop = start();
    await emit(shop, '/flaky', 1);
    await waitFor(() => brief().some((each) => each.startsWith('last')), { what: 'the end' });
    expect(brief()).toEqual(['next 1', 'last 2']);
    expect((await shop).app.get(AsyncCallsServer).counts.duplicate).toBe(1);
  });

  it('are asked for by a request that names their topic, no partition, no timeout and no frames', async () => {
    const { broker, shop, startWithoutHandlers } = await setUp();
    const oneTopic = { requests: { partitions: 1 } };
    const { name } = await startService({ broker, topics: oneTopic, controllers: [BankController] });
    const { client } = await startWithoutHandlers();
    const options: CallOptions = { responses: 'handlers', state: [7], key: 'k', headers: { tenant: 'blue' } };
    await lastValueFrom(client.to(`${name}/unhandled`, options).emit(1));
    const [{ key, headers }] = await recordsOf(broker, `${name}.requests`);
    expect(key?.toString()).toBe('k');
    expect(headers.map(([header, value]) => `${header}=${value.toString()}`)).toEqual([
      expect.stringMatching(/^kafka_correlationId=.{36}$/),
      `kafka_replyTopic=${shop}.responses`,
      `ac-state={"service":"${name}","endpoint":"/unhandled","state":[7]}`,
      'ac-version=1',
      'ac-kind=request',
      'ac-endpoint=/unhandled',
      expect.stringMatching(`^ac-source=${shop}/`),
      'content-type=application/json',
      'tenant=blue',
    ]);
  });

  it('are left to handlers by emit alone, and no state goes elsewhere', async () => {
    const { bank, startWithoutHandlers } = await setUp();
    const { client } = await startWithoutHandlers();
    const handlers = client.to(`${bank}/bundles`, { responses: 'handlers' });
    const state = client.to(`${bank}/bundles`, { state: 1 });
    for (const call of [handlers.send([1]), handlers.responses([1]), state.send([1]), state.emit([1])])
      await expect(lastValueFrom<unknown>(call)).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('of a request that was delivered twice are handled once', async () => {
    const { brief, start, response, write } = await setUp();
    const server = (await start()).app.get(AsyncCallsServer);
    await write(
      response('a', 'next', 0),
      response('a', 'next', 1),
      response('a', 'next', 0, 2),
      response('a', 'next', 1, 2),
      response('a', 'next', 2, 2),
      response('a', 'next', 2),
      response('a', 'complete', 3, 2),
      response('a', 'complete', 3),
    );
    await waitFor(() => server.counts.received === 8, { what: 'all records' });
    await waitFor(() => server.counts.duplicate === 4, { what: 'the duplicates' });
    expect(brief()).toEqual(['next 100', 'next 101', 'next 202', 'complete']);
  });

  it('end once, though one delivery ends with its last value and another behind it', async () => {
    const { brief, handled, start, response, write } = await setUp();
    const server = (await start()).app.get(AsyncCallsServer);
    await write(
      response('a', 'next', 0),
      response('a', 'last', 0, 2),
      response('b', 'last', 0),
      response('b', 'next', 0, 2),
      response('b', 'complete', 1, 2),
      response('a', 'last', 0, 3),
    );
    await waitFor(() => server.counts.received === 6, { what: 'all records' });
    await waitFor(() => server.counts.duplicate === 3, { what: 'the duplicates' });
    const briefOf = (id: string) => brief().filter((_, index) => handled[index]?.requestId === id);
    expect([briefOf('a'), briefOf('b')]).toEqual([['next 100', 'complete'], ['last 100']]);
    expect(handled.find(({ kind }) => kind === 'complete')).toMatchObject({ seq: 1, isEnd: true });
  });

  it('end with their first end: what another delivery has behind it does not come', async () => {
    const { brief, start, response, write } = await setUp();
    const server = (await start()).app.get(AsyncCallsServer);
    await write(
      response('a', 'next', 0),
      response('a', 'complete', 1),
      ...[0, 1, 2].map((seq) => response('a', 'next', seq, 2)),
      response('a', 'last', 3, 2),
    );
    await waitFor(() => server.counts.duplicate === 4, { what: 'the duplicates' });
    expect(brief()).toEqual(['next 100', 'complete']);
  });

  it('are kept as dead letters when they cannot be handled, and the next ones come', async () => {
    const { bank, brief, start, emit, letters, write } = await setUp({
      handle: ({ seq }) => {
        if (seq === 0) throw new Error('broken');
        if (seq === 1) throw new ConflictException('no');
      },
    });
    const shop = start();
    await emit(shop, '/bundles', [1, 2, 3]);
    await waitFor(() => brief().length === 1, { what: 'the last response' });
    expect(brief()).toEqual(['last 3']);
    await emit(shop, '/unhandled', 1);
    await write({ value: 'whatever' }, { headers: [['kafka_correlationId', 'x']] });
    await waitFor(async () => (await letters()).length === 5, { what: 'five dead letters' });
    expect(await letters()).toEqual(
      expect.arrayContaining([
        ['internal', '3', 'Internal server error'],
        ['conflict', '1', 'no'],
        ['unknown-endpoint', '1', expect.stringContaining(`"${bank}/unhandled"`)],
        ['protocol-error', '0', expect.stringContaining('kafka_correlationId')],
        ['protocol-error', '0', expect.stringContaining("responses: 'handlers'")],
      ]),
    );
  });

  it('bring the state back on whatever answers a request, byte by byte', async () => {
    const { broker, bank, startWithoutHandlers, shop } = await setUp();
    const { client } = await startWithoutHandlers();
    await client.connect();
    const state = Buffer.from([0, 255, 10, 123]);
    const request = (id: string, endpoint: string, more: [string, string][] = []): RawRecord => ({
      value: '[1]',
      headers: [
        ['kafka_correlationId', id],
        ['kafka_replyTopic', `${shop}.replies`],
        ['ac-endpoint', endpoint],
        ['ac-state', state],
        ...more,
      ],
    });
    await writeRaw(broker, { topic: `${bank}.requests`, partition: 0 }, [
      request('1', '/bundles'),
      request('2', '/none'),
      request('3', '/no-such-endpoint'),
      request('4', '/bundles', [['ac-version', '99']]),
    ]);
    const answers = await waitFor(
      async () => {
        const records = await recordsOf(broker, `${shop}.replies`);
        return records.length === 4 && records.map(({ headers }) => new Map(headers));
      },
      { what: 'four answers' },
    );
    expect(answers.map((headers) => headers.get('ac-state'))).toEqual([state, state, state, state]);
    expect(answers.map((headers) => headers.get('ac-kind')!.toString()).toSorted()).toEqual([
      'complete',
      'error',
      'error',
      'last',
    ]);
  });

  it('need a topic: the call says so if there is none and it may not be created; other calls leave', async () => {
    const { broker, bank, shop } = await setUp();
    const { client } = await startService({ broker, service: shop, topics: { create: false } });
    const calls = client.to(`${bank}/bundles`);
    const [handledCall, oneWayCall] = await Promise.allSettled([
      lastValueFrom(calls.with({ responses: 'handlers' }).emit([1])),
      lastValueFrom(calls.emit([1])),
    ]);
    expect(handledCall).toMatchObject({
      reason: { code: 'unknown-topic', message: expect.stringContaining(`${shop}.responses`) },
    });
    expect(oneWayCall.status).toBe('fulfilled');
  });
});
