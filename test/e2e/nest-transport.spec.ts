import 'reflect-metadata';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Controller, Module, NotFoundException, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientKafka,
  Ctx,
  KafkaContext,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import kafkajs from 'kafkajs';
import {
  AsyncCallsClient,
  AsyncCallsModule,
  type AsyncCallsOptions,
  connectAsyncCalls,
} from 'nestjs-async-calls';
import { kafkajs as kafkajsDriver } from 'nestjs-async-calls/kafkajs';
import { concat, ignoreElements, lastValueFrom, map, type Observable, of, timer } from 'rxjs';
import { describeOnKafka, kafkaBootstrap, uniqueName, waitFor } from '../support/kafka.js';
import { OnEvent } from '../support/on-event.js';

jest.setTimeout(150_000);

/** What every service of these tests has handlers for. */
const PATTERNS = ['echo', 'returns', 'stream', 'late-end', 'fails', 'fails-late', 'context', 'paid'] as const;
type Pattern = (typeof PATTERNS)[number];

const topicOf = (suffix: string, pattern: Pattern) => `${pattern}.${suffix}`;

const RETURNED: Readonly<Record<string, unknown>> = {
  number: 5,
  zero: 0,
  true: true,
  false: false,
  text: 'a text',
  empty: '',
  object: { a: [1, { b: null }] },
  array: [1, 'two'],
  date: new Date(0),
  null: null,
  nothing: undefined,
  // Nest adds its headers to it.
  get record() {
    return { key: 'k', value: { in: 'a record' } };
  },
};

const THROWN: Readonly<Record<string, () => Error>> = {
  text: () => new RpcException('No account'),
  object: () => new RpcException({ status: 'gone', reason: 7, message: 'No account' }),
  other: () => new Error('of the handler alone'),
};

/** One controller, which runs on Nest's own transport and on this library as it is. */
function controllerOf(suffix: string, events: unknown[]): Type {
  @Controller()
  class AccountController {
    @MessagePattern(topicOf(suffix, 'echo'))
    echo(@Payload() data: unknown) {
      return { data, type: typeof data };
    }

    @MessagePattern(topicOf(suffix, 'returns'))
    returns(@Payload() name: string) {
      return RETURNED[name];
    }

    @MessagePattern(topicOf(suffix, 'stream'))
    stream(@Payload() values: { of: unknown[] }) {
      return of(...values.of);
    }

    @MessagePattern(topicOf(suffix, 'late-end'))
    lateEnd() {
      return concat(of({ n: 1 }), timer(50).pipe(map(() => ({ n: 2 }))), timer(50).pipe(ignoreElements()));
    }

    @MessagePattern(topicOf(suffix, 'fails'))
    fails(@Payload() name: string) {
      throw THROWN[name]?.() ?? new NotFoundException('No account');
    }

    @MessagePattern(topicOf(suffix, 'fails-late'))
    failsLate() {
      return concat(of('one'), timer(50).pipe(map(() => this.fails('text'))));
    }

    @MessagePattern(topicOf(suffix, 'context'))
    context(@Ctx() context: KafkaContext) {
      const { key, value, headers, offset } = context.getMessage();
      const { tenant } = headers ?? {};
      // Not as `key` and `value`: Nest would take it for a record.
      return { topic: context.getTopic(), seen: { key, value, tenant }, hasOffset: /^\d+$/.test(offset) };
    }

    @OnEvent(topicOf(suffix, 'paid'))
    paid(@Payload() data: unknown) {
      events.push(data);
    }
  }
  return AccountController;
}

/** A service, whatever runs it. */
interface Running {
  readonly suffix: string;
  readonly events: unknown[];
  close(): Promise<void>;
}

const brokers = () => kafkaBootstrap() ?? [];
const QUIET = { logger: false } as const;
const client = () => ({ brokers: brokers(), logLevel: kafkajs.logLevel.NOTHING });

/** A service on Nest's own transport. */
async function onNest(suffix = uniqueName('nest')): Promise<Running> {
  const events: unknown[] = [];
  await createTopics(suffix);
  @Module({ controllers: [controllerOf(suffix, events)] })
  class NestModule {}
  const app = await NestFactory.createMicroservice(NestModule, {
    transport: Transport.KAFKA,
    options: { client: client(), consumer: { groupId: suffix }, subscribe: { fromBeginning: true } },
    ...QUIET,
  });
  await app.listen();
  return { suffix, events, close: () => app.close() };
}

/** The same service on this library. */
async function onThisLibrary(
  suffix = uniqueName('ours'),
  nestTopics: AsyncCallsOptions['nestTopics'] = true,
): Promise<Running> {
  const events: unknown[] = [];
  await createTopics(suffix);
  const broker = kafkajsDriver({ brokers: brokers() });
  const delivery = { retry: { attempts: 1 } };
  @Module({
    imports: [AsyncCallsModule.forRoot({ service: suffix, broker, nestTopics, delivery })],
    controllers: [controllerOf(suffix, events)],
  })
  class OurModule {}
  const app = await NestFactory.create(OurModule, QUIET);
  connectAsyncCalls(app);
  await app.startAllMicroservices();
  await app.init();
  return { suffix, events, close: () => app.close() };
}

async function createTopics(suffix: string): Promise<void> {
  const admin = kafkajsDriver({ brokers: brokers() }).createAdmin({ clientId: 'test' });
  const names = PATTERNS.flatMap((pattern) => [
    topicOf(suffix, pattern),
    `${topicOf(suffix, pattern)}.reply`,
  ]);
  await admin.createTopics(names.map((topic) => ({ topic, partitions: 1, replicationFactor: 1 })));
  await admin.close();
}

/** Nest's own client of these services. */
async function nestClientOf(services: readonly Running[]): Promise<ClientKafka> {
  const nest = new ClientKafka({ client: client(), consumer: { groupId: uniqueName('caller') } });
  for (const { suffix } of services)
    for (const pattern of PATTERNS) nest.subscribeToResponseOf(topicOf(suffix, pattern));
  await nest.connect();
  return nest;
}

/** All that a call brings: its values, and its error or its end. */
function outcomeOf(call: Observable<unknown>): Promise<unknown[]> {
  return new Promise((resolve) => {
    const seen: unknown[] = [];
    call.subscribe({
      next: (value) => seen.push(value),
      error: (error: unknown) => resolve([...seen, { error }]),
      complete: () => resolve([...seen, 'end']),
    });
  });
}

describeOnKafka("Nest's own Kafka transport and this library", () => {
  let nest: Running;
  let ours: Running;
  let nestClient: ClientKafka;
  let ourApp: { readonly client: AsyncCallsClient; close(): Promise<void> };

  beforeAll(async () => {
    [nest, ours] = await Promise.all([onNest(), onThisLibrary()]);
    nestClient = await nestClientOf([nest, ours]);
    const broker = kafkajsDriver({ brokers: brokers() });
    const module = {
      module: class CallerModule {},
      imports: [AsyncCallsModule.forRoot({ service: uniqueName('caller'), broker })],
    };
    const app = await NestFactory.createApplicationContext(module, QUIET);
    ourApp = { client: app.get(AsyncCallsClient), close: () => app.close() };
  });
  afterAll(async () => {
    await Promise.all([nest?.close(), ours?.close(), nestClient?.close(), ourApp?.close()]);
  });

  const byNest = ({ suffix }: Running, pattern: Pattern, data: unknown) =>
    outcomeOf(nestClient.send<unknown, unknown>(topicOf(suffix, pattern), data));
  const byUs = ({ suffix }: Running, pattern: Pattern, data: unknown) =>
    outcomeOf(ourApp.client.send({ nestTopic: topicOf(suffix, pattern) }, data));

  it.each(Object.keys(RETURNED))('give the same when a handler returns: %s', async (name) => {
    const expected = await byNest(nest, 'returns', name);
    expect(await byNest(ours, 'returns', name)).toEqual(expected);
    expect(await byUs(nest, 'returns', name)).toEqual(expected);
    expect(await byUs(ours, 'returns', name)).toEqual(expected);
    // One value, and the end.
    expect(expected).toHaveLength(2);
  });

  it.each([[5], [false], ['text'], [{ a: 1 }], [[1, 2]], [{ key: 'k', value: { b: 2 } }], ['{"as":"text"}']])(
    'hand a handler the same for %j',
    async (data) => {
      // Nest's serializer changes what it is given.
      const copy = () => structuredClone<unknown>(data);
      const expected = await byNest(nest, 'echo', copy());
      expect(await byNest(ours, 'echo', copy())).toEqual(expected);
      expect(await byUs(nest, 'echo', copy())).toEqual(expected);
    },
  );

  it('give the same streams', async () => {
    const data = { of: [1, 'two', { three: 3 }] };
    const expected = ['1', 'two', { three: 3 }, 'end'];
    for (const service of [nest, ours]) {
      expect(await byNest(service, 'stream', data)).toEqual(expected);
      expect(await byUs(service, 'stream', data)).toEqual(expected);
      expect(await byNest(service, 'stream', { of: [] })).toEqual([null, 'end']);
      // An end that comes by itself is a value more for Nest's client, and none for ours.
      expect(await byNest(service, 'late-end', 1)).toEqual([{ n: 1 }, { n: 2 }, null, 'end']);
      expect(await byUs(service, 'late-end', 1)).toEqual([{ n: 1 }, { n: 2 }, 'end']);
    }
  });

  it.each(['text', 'object', 'other'])(
    'give the same errors, and this library says more: %s',
    async (name) => {
      const [expected] = (await byNest(nest, 'fails', name)) as [{ error: object }];
      expect(await byNest(ours, 'fails', name)).toMatchObject([expected]);
      const { message } = expected.error as { message: string };
      const details = name === 'object' ? expected.error : undefined;
      expect(await byUs(nest, 'fails', name)).toMatchObject([
        { error: { code: 'internal', message, details } },
      ]);
    },
  );

  it('differ in the error of an HttpException: this library keeps its status', async () => {
    expect(await byNest(nest, 'fails', 'http')).toEqual([
      { error: { status: 'error', message: 'Internal server error' } },
    ]);
    expect(await byNest(ours, 'fails', 'http')).toMatchObject([
      { error: { status: 'error', message: 'No account', statusCode: 404 } },
    ]);
    expect(await byUs(ours, 'fails', 'http')).toMatchObject([{ error: { code: 'not-found' } }]);
  });

  it('give the same errors in mid-stream', async () => {
    for (const service of [nest, ours]) {
      expect(await byNest(service, 'fails-late', 1)).toMatchObject([
        'one',
        { error: { message: 'No account' } },
      ]);
      expect(await byUs(service, 'fails-late', 1)).toMatchObject([
        'one',
        { error: { message: 'No account' } },
      ]);
    }
  });

  it('show a handler the same message', async () => {
    const message = { key: 'acc-7', value: { a: 1 }, headers: { tenant: 'blue' } };
    for (const service of [nest, ours]) {
      const topic = topicOf(service.suffix, 'context');
      const seen = [
        { topic, seen: { key: 'acc-7', value: { a: 1 }, tenant: 'blue' }, hasOffset: true },
        'end',
      ];
      expect(await byNest(service, 'context', structuredClone(message))).toEqual(seen);
      expect(await byUs(service, 'context', message)).toEqual(seen);
    }
  });

  it('take events of each other', async () => {
    for (const { suffix, events } of [nest, ours]) {
      const topic = topicOf(suffix, 'paid');
      nestClient.emit(topic, { by: 'nest' });
      ourApp.client.emit({ nestTopic: topic }, { by: 'us' });
      await waitFor(() => events.length === 2, { what: 'both events' });
      expect(events).toEqual(expect.arrayContaining([{ by: 'nest' }, { by: 'us' }]));
    }
  });

  it('serve side by side in one application, and run each event once', async () => {
    const [suffix, events] = [uniqueName('both'), [] as unknown[]];
    await createTopics(suffix);
    const broker = kafkajsDriver({ brokers: brokers() });
    @Module({
      imports: [AsyncCallsModule.forRoot({ service: suffix, broker })],
      controllers: [controllerOf(suffix, events)],
    })
    class BothModule {}
    const app = await NestFactory.create(BothModule, QUIET);
    // Nest's consumer may find out where the topic ends when an event is there already.
    const subscribe = { fromBeginning: true };
    const options = { client: client(), consumer: { groupId: suffix }, subscribe };
    app.connectMicroservice({ transport: Transport.KAFKA, options }, { inheritAppConfig: true });
    connectAsyncCalls(app);
    await app.startAllMicroservices();
    await app.init();
    try {
      const both = { suffix, events, close: () => app.close() };
      expect(await byUs(both, 'echo', 'by its topic')).toEqual([
        { data: 'by its topic', type: 'string' },
        'end',
      ]);
      const endpoint = { service: suffix, pattern: topicOf(suffix, 'echo') };
      expect(await outcomeOf(ourApp.client.send(endpoint, 5))).toEqual([{ data: 5, type: 'number' }, 'end']);
      await lastValueFrom(ourApp.client.emit({ nestTopic: topicOf(suffix, 'paid') }, 'by its topic'));
      await lastValueFrom(
        ourApp.client.emit({ service: suffix, pattern: topicOf(suffix, 'paid') }, 'by its name'),
      );
      await waitFor(() => events.length >= 2, { what: 'both events' });
      await byUs(both, 'echo', 'behind them');
      expect(events).toHaveLength(2);
      expect(events).toEqual(expect.arrayContaining(['by its name', 'by its topic']));
    } finally {
      await app.close();
    }
  });

  it('follow each other in one group: a service goes on where the other has stopped', async () => {
    const suffix = uniqueName('moved');
    const emit = (event: string) =>
      lastValueFrom(ourApp.client.emit({ nestTopic: topicOf(suffix, 'paid') }, event));
    const before = await onNest(suffix);
    await emit('before');
    await waitFor(() => before.events.length === 1, { what: 'the event before' });
    await before.close();
    await emit('meanwhile');
    const after = await onThisLibrary(suffix, { groupId: `${suffix}-server` });
    try {
      await emit('after');
      await waitFor(() => after.events.length >= 2, { what: 'the events after' });
      expect([before.events, after.events]).toEqual([['before'], ['meanwhile', 'after']]);
    } finally {
      await after.close();
    }
  });
});
