import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  AsyncCallContext,
  AsyncCallError,
  AsyncEndpoint,
  type AsyncCallsOptions,
  type Broker,
  BrokerError,
  type ConsumerRecord,
  RetryableError,
} from 'nestjs-async-calls';
import {
  concat,
  finalize,
  from,
  lastValueFrom,
  map,
  materialize,
  NEVER,
  type Observable,
  range,
  take,
  throwError,
  toArray,
} from 'rxjs';
import { interceptSends } from '../../support/broker-wrapper.js';
import { describeOnBrokers } from '../../support/brokers.js';
import { uniqueName, waitFor } from '../../support/kafka.js';
import { writeRaw } from '../../support/raw-records.js';
import { recordsOf } from '../../support/records.js';
import { startService } from '../../support/services.js';

const MANY = 5_000;
const cancelled: string[] = [];

@Controller()
class FramesController {
  @AsyncEndpoint('/range')
  range(@Payload() length: number) {
    return range(0, length);
  }

  @AsyncEndpoint('/iterable')
  async *iterable(@Payload() length: number) {
    for (let value = 0; value < length; value += 1) yield value;
  }

  @AsyncEndpoint('/sizes')
  sizes(@Payload() sizes: number[]) {
    return from(sizes).pipe(map((size) => 'v'.repeat(size)));
  }

  /** Fails behind its first values, at first. */
  @AsyncEndpoint('/interrupted')
  interrupted(@Ctx() { attempt }: AsyncCallContext) {
    const values = range(0, MANY).pipe(map((value) => [attempt, value]));
    if (attempt > 1) return values;
    return concat(
      values.pipe(take(1_234)),
      throwError(() => new RetryableError('once more')),
    );
  }

  @AsyncEndpoint('/fails')
  fails(@Payload() before: number) {
    return concat(
      range(0, before),
      throwError(() => new AsyncCallError('conflict', 'too late')),
    );
  }

  @AsyncEndpoint('/endless')
  endless(@Payload() mark: string) {
    return concat(range(0, 1_000), NEVER).pipe(finalize(() => cancelled.push(mark)));
  }

  @AsyncEndpoint('/one')
  one() {
    return 'one';
  }
}

const upTo = (length: number) => Array.from({ length }, (_, value) => value);

function all<T>(call: Observable<T>): Promise<T[]> {
  return lastValueFrom(call.pipe(toArray()));
}

/** The kinds of records in a reply topic of one partition. */
async function kindsOf(broker: Broker, topic: string): Promise<string[]> {
  return (await recordsOf(broker, topic)).map((record) => headerOf(record, 'ac-kind'));
}

const MAX_BYTES = 20_000;

/** Topics of the broker in memory have no limits of their own: here all of them have one, as that of a reply topic in Kafka. */
function limited(broker: Broker): Broker {
  if (broker.name !== 'memory') return broker;
  return interceptSends(broker, (records, send) => {
    const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    if (bytes <= MAX_BYTES) return send(records);
    return Promise.resolve(
      records.map(() => new BrokerError('payload-too-large', 'too large for the topic')),
    );
  });
}

function headerOf({ headers }: ConsumerRecord, name: string): string {
  return String(headers.find((header) => header[0] === name)?.[1]);
}

describeOnBrokers('responses that share records', (newBroker) => {
  async function setUp(options: Partial<AsyncCallsOptions> = {}, broker = newBroker()) {
    const { name } = await startService({ broker, controllers: [FramesController] });
    const topics = { replies: { partitions: 1, ...options.topics?.replies } };
    const { client, name: caller } = await startService({ broker, ...options, topics });
    const replies = `${caller}.replies`;
    return {
      broker,
      name,
      client,
      replies,
      kinds: () => kindsOf(broker, replies),
      send: (endpoint: string, data?: unknown) => client.send(`${name}${endpoint}`, data),
    };
  }

  /** The same, with a reply topic that takes less than a record of frames may have. */
  const setUpLimited = () =>
    setUp(
      { topics: { replies: { configs: { 'max.message.bytes': `${MAX_BYTES}` } } } },
      limited(newBroker()),
    );

  it.each(['/range', '/iterable'])(
    'come in order, each with a place and an id of its own (%s)',
    async (endpoint) => {
      const { client, name, kinds } = await setUp();
      const responses = await all(client.to(`${name}${endpoint}`).responses<number>(MANY));
      expect(responses.map(({ value }) => value)).toEqual(upTo(MANY));
      expect(responses.map(({ seq }) => seq)).toEqual(upTo(MANY));
      expect(new Set(responses.map(({ id }) => id)).size).toBe(MANY);
      expect(
        responses.every(
          ({ delivery, attempt, service }) => delivery === 1 && attempt === 1 && service === name,
        ),
      ).toBe(true);
      const records = await kinds();
      expect(records).toContain('frames');
      expect(records.length).toBeLessThan(MANY / 20);
    },
  );

  it.each(['/range', '/iterable'])(
    'are not there where the client does not want them (%s)',
    async (endpoint) => {
      const { send, kinds } = await setUp({ calls: { frames: false } });
      expect(await all(send(endpoint, 1_000))).toEqual(upTo(1_000));
      const end = endpoint === '/range' ? ['last'] : ['next', 'complete'];
      expect(await kinds()).toEqual([...upTo(999).map(() => 'next'), ...end]);
    },
  );

  it('are one record of its own kind where there is one response', async () => {
    const { send, kinds } = await setUp();
    expect(await all(send('/one'))).toEqual(['one']);
    expect(await kinds()).toEqual(['last']);
  });

  it('come in order among large ones, which travel alone', async () => {
    const { send, kinds } = await setUp();
    const sizes = [1, 2, 3, 400_000, 4, 5, 90_000, 90_000, 90_000, 500_000, 6, 7];
    const values = (await all(send('/sizes', sizes))) as string[];
    expect(values.map(({ length }) => length)).toEqual(sizes);
    expect(await kinds()).toEqual(['frames', 'next', 'frames', 'next', 'next', 'frames']);
  });

  it('come one by one where the topic takes less than they have together', async () => {
    const { send, kinds } = await setUpLimited();
    const sizes = upTo(100).map((place) => 1_000 + place);
    for (let call = 0; call < 2; call += 1) {
      const values = (await all(send('/sizes', sizes))) as string[];
      expect(values.map(({ length }) => length)).toEqual(sizes);
    }
    expect((await kinds()).slice(0, 100)).toEqual([...upTo(99).map(() => 'next'), 'last']);
  });

  it('lose none of those before one that is too large for the topic', async () => {
    const { send } = await setUpLimited();
    const events = await all(send('/sizes', [1, 2, 30_000, 3, 4]).pipe(materialize()));
    expect(events.map(({ kind, value }) => (kind === 'N' ? (value as string).length : kind))).toEqual([
      1,
      2,
      'E',
    ]);
    expect(events.at(-1)).toMatchObject({ error: { code: 'payload-too-large', statusCode: 500 } });
  });

  it('are followed over another delivery in mid-stream', async () => {
    const { client, name } = await setUp();
    const responses = await all(client.to(`${name}/interrupted`).responses<number[]>(null));
    expect(responses.map(({ value }) => value[1])).toEqual(upTo(MANY));
    expect(responses.map(({ value }) => value[0])).toEqual(
      upTo(MANY).map((place) => (place < 1_234 ? 1 : 2)),
    );
  });

  it('are begun again with another delivery, if that is wanted', async () => {
    const { client, name } = await setUp();
    const call = client.to(`${name}/interrupted`, { onRedelivery: 'restart' }).responses<number[]>(null);
    const responses = await all(call);
    const values = (delivery: number) =>
      responses.filter((each) => each.delivery === delivery).map(({ value }) => value[1]);
    expect([values(1), values(2)]).toEqual([upTo(1_234), upTo(MANY)]);
  });

  it('come before the error that ends their stream', async () => {
    const { send } = await setUp();
    const events = await all(send('/fails', 1_001).pipe(materialize()));
    expect(events.slice(0, -1).map(({ value }) => value)).toEqual(upTo(1_001));
    expect(events.at(-1)).toMatchObject({ kind: 'E', error: { code: 'conflict' } });
  });

  it('are left in the middle of a record, and the handler ends', async () => {
    const { send } = await setUp();
    const mark = uniqueName('mark');
    expect(await all(send('/endless', mark).pipe(take(123)))).toEqual(upTo(123));
    await waitFor(() => cancelled.includes(mark), { what: 'the handler to end' });
  });

  it('fail their call alone where they cannot be read', async () => {
    const { broker, name, client, replies } = await setUp();
    const mark = uniqueName('mark');
    const seen: unknown[] = [];
    const failed = new Promise<unknown>((resolve) => {
      client
        .to(`${name}/endless`)
        .responses<number>(mark)
        .subscribe({ next: (response) => seen.push(response), error: resolve });
    });
    await waitFor(() => seen.length === 1_000, { what: 'the first responses' });
    const other = all(client.send<number>(`${name}/range`, 10));
    const { requestId } = seen[0] as { requestId: string };
    const head = {
      kafka_correlationId: requestId,
      'ac-version': '1',
      'ac-seq': '1000',
      'ac-epoch': '999999999',
    };
    const headers = Object.entries({ ...head, 'ac-kind': 'frames', 'ac-attempt': '1', 'ac-id': 'bad' });
    const value = Buffer.from('0c000000ff', 'hex');
    await writeRaw(broker, { topic: replies, partition: 0 }, [{ headers, value }]);
    expect(await failed).toMatchObject({ code: 'protocol-error' });
    expect(await other).toEqual(upTo(10));
  });
});
