import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Logger } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  type AssignedConsumerOptions,
  AsyncCallsClient,
  AsyncEndpoint,
  type Broker,
  BrokerError,
  type ConsumerListener,
} from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { lastValueFrom, NEVER, Observable } from 'rxjs';
import { describeOnBrokers } from '../../support/brokers.js';
import { uniqueName, waitFor } from '../../support/kafka.js';
import { createService, startService } from '../../support/services.js';

const log: { mark: string; value: unknown }[] = [];
const seen = (mark: string) => log.filter((entry) => entry.mark === mark).map(({ value }) => value);

@Controller()
class LoggingController {
  @AsyncEndpoint('/log')
  log(@Payload() entry: { mark: string; value: unknown }) {
    log.push(entry);
    return entry.value;
  }

  @AsyncEndpoint('/never')
  never() {
    return NEVER;
  }
}

/** The outcome of a call, whichever it is, from now on. */
function outcomeOf(call: Observable<unknown>): Promise<unknown> {
  return lastValueFrom(call, { defaultValue: 'completed' }).catch((error: unknown) => error);
}

/** The same broker, with the listeners of its assigned consumers. */
function spied(broker: Broker) {
  const listeners: ConsumerListener[] = [];
  const closed: number[] = [];
  const spy: Broker = {
    name: broker.name,
    capabilities: broker.capabilities,
    createProducer: (identity) => broker.createProducer(identity),
    createGroupConsumer: (identity, options) => broker.createGroupConsumer(identity, options),
    createAdmin: (identity) => broker.createAdmin(identity),
    createAssignedConsumer: (identity, options: AssignedConsumerOptions) => {
      const index = listeners.push(options.listener) - 1;
      const consumer = broker.createAssignedConsumer(identity, options);
      const close = consumer.close.bind(consumer);
      return Object.assign(consumer, { close: () => (closed.push(index), close()) });
    },
  };
  return { spy, listeners, closed };
}

describeOnBrokers('calls of one client', (newBroker) => {
  /** The client has made no call yet, and is not connected. */
  async function setUp() {
    const broker = newBroker();
    const { name } = await startService({ broker, controllers: [LoggingController] });
    const { app } = await createService({ broker });
    return { broker, client: app.get(AsyncCallsClient), name, mark: uniqueName('mark') };
  }

  it.each(['cold', 'warm'])('leave in the order they were made, both kinds mixed (%s)', async (start) => {
    const { client, name, mark } = await setUp();
    const to = client.to(`${name}/log`, { key: 'account-7' });
    if (start === 'warm') await lastValueFrom(to.send({ mark: 'warm-up', value: 0 }));
    const values = Array.from({ length: 40 }, (_, value) => value);
    const outcomes = values.map((value) =>
      outcomeOf(value % 2 === 0 ? to.send({ mark, value }) : to.emit({ mark, value })),
    );
    await Promise.all(outcomes);
    await waitFor(() => seen(mark).length === values.length, { what: 'all to be served' });
    expect(seen(mark)).toEqual(values);
  });

  it('do not wait for one ahead that was given up or does not reach its service', async () => {
    const { client, name, mark } = await setUp();
    const to = client.to(`${name}/log`, { key: 'account-7' });
    const lost = outcomeOf(client.send(`${uniqueName('nobody')}/log`, 1));
    const invalid = outcomeOf(client.to(`${name}/log`, { key: 7 as unknown as string }).send(1));
    const givenUp = to.send({ mark, value: 'given up' }).subscribe();
    const kept = outcomeOf(to.emit({ mark, value: 'kept' }));
    givenUp.unsubscribe();
    expect(await invalid).toMatchObject({ code: 'invalid-argument' });
    expect(await kept).toBeUndefined();
    expect(await lost).toMatchObject({ code: 'unknown-service' });
    expect(await lastValueFrom(to.send({ mark, value: 'last' }))).toBe('last');
    expect(seen(mark)).toEqual(['kept', 'last']);
  });

  it('go on after requests that cannot have replies', async () => {
    const { broker, name, mark } = await setUp();
    const { client } = await startService({ broker, topics: { create: false } });
    const request = outcomeOf(client.send(`${name}/log`, { mark, value: 'request' }));
    const oneWay = outcomeOf(client.emit(`${name}/log`, { mark, value: 'one-way' }));
    expect(await request).toMatchObject({ code: 'unknown-topic' });
    expect(await oneWay).toBeUndefined();
    await waitFor(() => seen(mark).length === 1, { what: 'the one-way call' });
  });

  it('reach a service that is there by now', async () => {
    const { broker, client, mark } = await setUp();
    const service = uniqueName('late');
    expect(await outcomeOf(client.emit(`${service}/log`, 1))).toMatchObject({ code: 'unknown-service' });
    await startService({ broker, service, controllers: [LoggingController] });
    expect(await outcomeOf(client.send(`${service}/log`, { mark, value: 1 }))).toBe(1);
  });

  it('wait while the broker cannot say where they go', async () => {
    const { broker, name, mark } = await setUp();
    let refusals = 3;
    const away = new BrokerError('unavailable', 'gone', { retriable: true });
    const createAdmin: Broker['createAdmin'] = (identity) => {
      const admin = broker.createAdmin(identity);
      const describeTopics = admin.describeTopics.bind(admin);
      return Object.assign(admin, {
        describeTopics: async (topics?: readonly string[]) => {
          if (topics?.includes(`${name}.requests`) && refusals-- > 0) throw away;
          return describeTopics(topics);
        },
      });
    };
    const { app } = await createService({ broker: { ...spied(broker).spy, createAdmin } });

    const call = app.get(AsyncCallsClient).send(`${name}/log`, { mark, value: 'late' });

    expect(await lastValueFrom(call)).toBe('late');
    expect(refusals).toBeLessThan(0);
  });

  it('are sent before the client is closed, if they want no responses', async () => {
    const { client, name, mark } = await setUp();
    const request = outcomeOf(client.send(`${name}/log`, { mark, value: 'request' }));
    const oneWay = [1, 2, 3].map((value) => outcomeOf(client.emit(`${name}/log`, { mark, value })));
    const lost = outcomeOf(client.emit(`${uniqueName('nobody')}/log`, 1));
    await client.close();
    expect(await request).toMatchObject({ code: 'closed', message: expect.stringContaining('was sent') });
    expect(await Promise.all(oneWay)).toEqual([undefined, undefined, undefined]);
    expect(await lost).toMatchObject({ code: 'unknown-service' });
    expect(await outcomeOf(client.emit(`${name}/log`, 4))).toMatchObject({ code: 'closed' });
    await waitFor(() => seen(mark).length === 3, { what: 'the one-way calls' });
  });

  it('fail when the reader of replies stops for good; the next call starts another one', async () => {
    const { spy, listeners, closed } = spied(newBroker());
    const { name } = await startService({ broker: spy, controllers: [LoggingController] });
    const { app } = await createService({ broker: spy });
    const client = app.get(AsyncCallsClient);
    const mark = uniqueName('mark');
    const readers = listeners.length;
    await lastValueFrom(client.send(`${name}/log`, { mark, value: 'first' }));
    const states: string[] = [];
    client.status.subscribe((state) => states.push(state));
    const pending = outcomeOf(client.send(`${name}/never`, 1));
    const listener = listeners[readers];
    expect(listeners).toHaveLength(readers + 1);
    const reason = new BrokerError('authorization-failed', 'the broker refuses to be read', { fatal: true });
    listener.onState?.('failed', reason);
    expect(await pending).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('(the broker refuses to be read)'),
      cause: reason,
    });
    expect(closed).toEqual([readers]);
    expect(await lastValueFrom(client.send(`${name}/log`, { mark, value: 'again' }))).toBe('again');
    expect(listeners).toHaveLength(readers + 2);
    expect(states.slice(-3)).toEqual(['failed', 'starting', 'running']);
    await client.close();
    expect(closed).toEqual([readers, readers + 1]);
  });
});

describe('a client whose broker cannot be reached', () => {
  afterEach(() => void jest.restoreAllMocks());

  async function setUp() {
    const { app } = await createService({ broker: kafkajs({ brokers: ['127.0.0.1:1'] }) });
    return app.get(AsyncCallsClient);
  }

  it.each(['send', 'emit'] as const)('says so when a call times out (%s)', async (kind) => {
    const client = await setUp();
    const money = client.to('bank/money', { timeoutMs: 5_000 });
    expect(await outcomeOf(kind === 'send' ? money.send(1) : money.emit(1))).toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(
        /^The call of bank\/money was not sent: the broker could not be reached within 5000 ms \(.*127\.0\.0\.1:1/,
      ),
      cause: expect.objectContaining({ code: 'unavailable' }),
    });
    await client.close();
  });

  it('is closed in a bounded time, and each one-way call ends', async () => {
    const client = await setUp();
    const logged = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const short = outcomeOf(client.to('bank/money', { timeoutMs: 300 }).emit(1));
    const endless = outcomeOf(client.to('bank/money', { timeoutMs: Infinity }).emit(2));
    client.to('bank/money', { timeoutMs: Infinity }).emit(3);
    // Without a bound it would wait for as long as the broker is away.
    await client.close();
    expect(await short).toMatchObject({ code: 'timeout' });
    expect(await endless).toMatchObject({
      code: 'closed',
      message: 'The client was closed before the call of bank/money was sent.',
    });
    expect(logged).toHaveBeenCalledWith(expect.objectContaining({ code: 'closed' }), expect.anything());
  });

  it('is closed at once if no one-way call is left', async () => {
    const [idle, busy] = [await setUp(), await setUp()];
    jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    busy.to('bank/money', { timeoutMs: Infinity }).emit(1);
    const call = outcomeOf(idle.to('bank/money', { timeoutMs: 300 }).emit(1));
    const closed: string[] = [];
    // The one that waits for as long as it may begins first, and ends last.
    await Promise.all([
      busy.close().then(() => closed.push('busy')),
      idle.close().then(() => closed.push('idle')),
    ]);
    expect(closed).toEqual(['idle', 'busy']);
    expect(await call).toMatchObject({ code: 'timeout' });
  });
});
