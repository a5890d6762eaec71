import { describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { AsyncCallContext, AsyncCallsClient, AsyncCallsModule, AsyncEndpoint } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { catchError, firstValueFrom, lastValueFrom, NEVER, of, retry, Subject, toArray } from 'rxjs';
import { describeOnBrokers as describeTester } from '../../../lib/testing/index.js';
import { describeOnBrokers } from '../../support/brokers.js';
import { uniqueName, waitFor } from '../../support/kafka.js';
import { moduleOf, startService } from '../../support/services.js';

/** What the handlers of one test have seen; calls of other tests have other marks. */
const log: { mark: string; what: unknown }[] = [];
const seen = (mark: string) => log.filter((entry) => entry.mark === mark).map(({ what }) => what);

const gates = new Map<string, Subject<void>>();

interface Marked {
  readonly mark: string;
  readonly value: unknown;
}

@Controller()
class LoggingController {
  @AsyncEndpoint('/log')
  log(@Payload() { mark, value }: Marked, @Ctx() context: AsyncCallContext) {
    log.push({ mark, what: context.oneWay ? ['one-way', value] : value });
    return value;
  }

  @AsyncEndpoint('/gated')
  async gated(@Payload() { mark, value }: Marked) {
    log.push({ mark, what: ['start', value] });
    await firstValueFrom(gates.get(`${mark}-${String(value)}`)!);
    log.push({ mark, what: ['end', value] });
    return value;
  }

  @AsyncEndpoint('/never')
  never() {
    return NEVER;
  }
}

@Controller()
class HeaderController {
  @AsyncEndpoint('/traceparent')
  traceparent(@Ctx() context: AsyncCallContext) {
    return context.headers.get('traceparent');
  }
}

function gate(mark: string, value: unknown): () => void {
  const subject = new Subject<void>();
  gates.set(`${mark}-${String(value)}`, subject);
  return () => subject.next();
}

describeOnBrokers('a client', (newBroker) => {
  async function setUp(options: Partial<Parameters<typeof startService>[0]> = {}) {
    const broker = newBroker();
    const server = await startService({ broker, controllers: [LoggingController], ...options });
    const { client } = await startService({ broker });
    return { client, server, name: server.name, mark: uniqueName('mark') };
  }

  it('has any number of calls in flight, each with its own responses', async () => {
    const { client, name, mark } = await setUp();
    const calls = Array.from({ length: 1_000 }, (_, value) =>
      lastValueFrom(client.send(`${name}/log`, { mark, value }).pipe(toArray())),
    );
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 1_000 }, (_, value) => [value]));
    expect(client.inFlight).toBe(0);
  });

  it('has requests of one key served one after the other, in order', async () => {
    const { client, name, mark } = await setUp();
    const to = client.to(`${name}/gated`, { key: 'account-7' });
    const open = [1, 2, 3].map((value) => gate(mark, value));
    const calls = [1, 2, 3].map((value) => lastValueFrom(to.send({ mark, value })));
    for (const [index, opens] of open.entries()) {
      await waitFor(() => seen(mark).length === 2 * index + 1, { what: `start ${index + 1}` });
      opens();
    }
    await Promise.all(calls);
    expect(seen(mark)).toEqual(
      [1, 2, 3].flatMap((value) => [
        ['start', value],
        ['end', value],
      ]),
    );
  });

  it('has requests of different keys, and without one, served side by side', async () => {
    const { client, name, mark } = await setUp({ topics: { requests: { partitions: 1 } } });
    const keys = ['a', 'b', undefined, undefined];
    const open = keys.map((_, value) => gate(mark, value));
    const calls = keys.map((key, value) =>
      lastValueFrom(client.to(`${name}/gated`, { key }).send({ mark, value })),
    );
    await waitFor(() => seen(mark).length === 4, { what: 'all four to run' });
    open.forEach((opens) => opens());
    await Promise.all(calls);
  });

  it('runs no more requests at once than it is told', async () => {
    const { client, name, mark } = await setUp({ delivery: { concurrency: 2, maxInFlight: 4 } });
    const values = Array.from({ length: 12 }, (_, value) => value);
    const open = values.map((value) => gate(mark, value));
    const calls = values.map((value) => lastValueFrom(client.send(`${name}/gated`, { mark, value })));
    const events = (kind: string) =>
      seen(mark).flatMap((event) =>
        (event as [string, number])[0] === kind ? (event as [string, number])[1] : [],
      );
    for (const _ of values) {
      const atOnce = Math.min(2, values.length - events('end').length);
      const running = await waitFor(
        () => {
          const started = events('start').filter((value) => !events('end').includes(value));
          return started.length === atOnce ? started : undefined;
        },
        { what: `${atOnce} to run` },
      );
      const ended = events('end').length;
      open[running?.[0] ?? 0]?.();
      await waitFor(() => events('end').length === ended + 1, { what: 'an end' });
    }
    await Promise.all(calls);
    let running = 0;
    const most = seen(mark).map((event) => (running += (event as [string])[0] === 'start' ? 1 : -1));
    expect(Math.max(...most)).toBe(2);
  });

  it('sends one-way calls that resolve when they are stored', async () => {
    const { client, name, mark } = await setUp();
    expect(await lastValueFrom(client.emit(`${name}/log`, { mark, value: 1 }))).toBeUndefined();
    await waitFor(() => seen(mark).length === 1, { what: 'the handler to run' });
    expect(seen(mark)).toEqual([['one-way', 1]]);
    await expect(lastValueFrom(client.emit(`${uniqueName('nobody')}/x`, 1))).rejects.toMatchObject({
      code: 'unknown-service',
    });
  });

  it('sends a one-way call also if nobody subscribes, a call only then and each time', async () => {
    const { client, name, mark } = await setUp();
    const call = client.send(`${name}/log`, { mark, value: 'call' });
    client.emit(`${name}/log`, { mark, value: 'emitted' });
    await waitFor(() => seen(mark).length === 1, { what: 'the one-way call' });
    await lastValueFrom(call);
    await lastValueFrom(call);
    expect(seen(mark)).toEqual([['one-way', 'emitted'], 'call', 'call']);
  });

  it('forgets a call that was unsubscribed', async () => {
    const { client, name } = await setUp();
    await client.connect();
    const subscription = client.send(`${name}/never`, 1).subscribe();
    expect(client.inFlight).toBe(1);
    subscription.unsubscribe();
    expect(client.inFlight).toBe(0);
  });

  it('fails what is in flight when it is closed, and what comes after', async () => {
    const { client, name } = await setUp();
    const call = lastValueFrom(
      client.send(`${name}/never`, 1).pipe(catchError((error: unknown) => of(error))),
    );
    await client.connect();
    await client.close();
    expect(await call).toMatchObject({ code: 'closed' });
    await expect(lastValueFrom(client.send(`${name}/log`, 1))).rejects.toMatchObject({ code: 'closed' });
  });

  it('sends nothing more once it is closing, also if those who hear of it call again', async () => {
    const { client, name, mark } = await setUp();
    await client.connect();
    await lastValueFrom(client.emit(`${name}/log`, { mark, value: 'first' }));
    const call = client.send(`${name}/never`, { mark, value: 'again' }).pipe(retry(3));
    const outcome = lastValueFrom(call.pipe(catchError((error: unknown) => of(error))));
    await client.close();
    expect(await outcome).toMatchObject({ code: 'closed' });
    expect(client.inFlight).toBe(0);
    expect(client.counts).toMatchObject({ pendingRequests: 0, cancelsWritten: 1 });
  });

  it('does not create topics where that is forbidden, and says which is missing', async () => {
    const broker = newBroker();
    const service = uniqueName('forbidden');
    const { client } = await startService({ service, broker, topics: { create: false } });
    await expect(client.connect()).rejects.toMatchObject({
      code: 'unknown-topic',
      message: expect.stringContaining(
        `"${service}.replies" does not exist, and the option topics.create is false`,
      ),
    });
    await expect(
      startService({ service, broker, controllers: [LoggingController], topics: { create: false } }),
    ).rejects.toThrow(`"${service}.dead-letters" does not exist`);
  });

  it('makes no reply topic for one-way calls', async () => {
    const { client, name, mark } = await setUp();
    const { client: other, name: otherName } = await startService({ broker: client.unwrap() });
    await lastValueFrom(other.emit(`${name}/log`, { mark, value: 1 }));
    const admin = client.unwrap().createAdmin({ clientId: 'test' });
    expect(await admin.describeTopics([`${otherName}.replies`])).toEqual([]);
    await admin.close();
  });

  it('ends what runs when the server is closed, and commits it', async () => {
    const { client, server, name, mark } = await setUp({ delivery: { drainTimeoutMs: 20_000 } });
    const opens = gate(mark, 1);
    const call = lastValueFrom(client.send(`${name}/gated`, { mark, value: 1 }));
    await waitFor(() => seen(mark).length === 1, { what: 'the handler to run' });
    const closing = server.app.close();
    opens();
    expect(await call).toBe(1);
    await closing;
    const admin = client.unwrap().createAdmin({ clientId: 'test' });
    const committed = await admin.fetchCommitted(name, [`${name}.requests`]);
    await admin.close();
    expect(committed.map(({ offset }) => offset ?? 0n).reduce((sum, offset) => sum + offset)).toBe(1n);
  });
});

describeTester(
  'a client whose call is not answered',
  (broker) => {
    it('gives it up after its timeout, with a typed error', async () => {
      const application = moduleOf({
        imports: [AsyncCallsModule.forRoot({ service: 'reader', broker: memory() })],
      });
      const tester = await broker.start(application);
      const client = tester.app.get(AsyncCallsClient);
      tester.fake('scribe/never').staysSilent();
      // A first call, so that the way to the service is known: only the second one's own time is to count.
      await lastValueFrom(client.emit('scribe/never', 1));
      await client.connect();
      const call = lastValueFrom(client.to('scribe/never', { timeoutMs: 1_000 }).send(1));
      await Promise.all([
        expect(call).rejects.toMatchObject({
          code: 'timeout',
          statusCode: 504,
          message: expect.stringMatching(
            /never did not end its responses within 1000 ms; none came \(request .*\)/,
          ),
        }),
        tester.advance(1_000),
      ]);
      expect(client.inFlight).toBe(0);
      await tester.settled();
      await tester.close();
    });
  },
  { describe },
);

describe('the dispatch hook of Nest 12', () => {
  it('adds headers to calls', async () => {
    const broker = memory();
    const { name } = await startService({ broker, controllers: [HeaderController] });
    const { client } = await startService({ broker });
    client.setOnDispatchHook((packet) => Object.assign(packet, { metadata: { traceparent: '00-1' } }));
    expect(await lastValueFrom(client.send({ service: name, endpoint: 'traceparent' }, 1))).toBe('00-1');
  });
});
