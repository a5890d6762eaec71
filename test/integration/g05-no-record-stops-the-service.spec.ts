import { expect, it, jest } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import fc from 'fast-check';
import {
  AsyncCallsServer,
  AsyncEndpoint,
  type Broker,
  type ConsumerRecord,
  type RecordHeader,
} from 'nestjs-async-calls';
import { lastValueFrom } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { type RawHeaders, type RawRecord, writeRaw } from '../support/raw-records.js';
import { recordsOf } from '../support/records.js';
import { startService } from '../support/services.js';
import { bytes, strangeHeaders } from '../unit/protocol/arbitraries.js';

jest.setTimeout(60_000);

const DEEP = 200_000;
const BINARY = Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x80]);
const LONG = 'x'.repeat(100_000);
/** As JSON it is six times as long. */
const CONTROL = '\u0000'.repeat(900_000);

@Controller()
class EchoController {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }

  /** What many applications do with what they get. */
  @AsyncEndpoint('/merge')
  merge(@Payload() value: object) {
    return Object.assign({}, value) as unknown;
  }

  @AsyncEndpoint('/ignore')
  ignore() {
    return 'ignored';
  }
}

/** What became of a record: the kinds of its answers, or their codes, and the reason of its dead letter. */
interface Outcome {
  readonly answers?: readonly string[];
  readonly letter?: string;
}

const textOf = (headers: readonly RecordHeader[], name: string) =>
  headers.find((header) => header[0] === name)?.[1].toString();

describeOnBrokers('G5: no record stops the service', (newBroker) => {
  async function setUp() {
    const broker = newBroker();
    const { name, app } = await startService({
      broker,
      controllers: [EchoController],
      topics: { requests: { partitions: 2 }, deadLetters: { partitions: 1 } },
      delivery: { commitIntervalMs: 20, retry: { attempts: 2, initialDelayMs: 1 } },
    });
    const { client } = await startService({ broker });
    const replies = await createTopic(broker, uniqueName('foreign.replies'));
    const requests = `${name}.requests`;

    /** Calls with the key of the poison, with other keys, and without one. */
    const serves = async () => {
      for (const key of ['poison', 'a', 'b', 'c', undefined]) {
        const call = client.to(`${name}/echo`, { key, timeoutMs: 30_000 });
        expect(await lastValueFrom(call.send({ key: key ?? null }))).toEqual({ key: key ?? null });
      }
    };
    const outcomes = async (records: readonly RawRecord[]): Promise<Outcome[]> => {
      const places = await writeRaw(broker, { topic: requests, partition: 0 }, records);
      await serves();
      await everythingIsCommitted(broker, name, requests);
      const letters = await recordsOf(broker, `${name}.dead-letters`);
      const answers = await recordsOf(broker, replies);
      expect(app.get(AsyncCallsServer).counts.deadLettered).toBe(letters.length);
      return records.map((record, index) => ({
        ...answersTo(record, answers),
        ...letterOf(places[index].offset, letters),
      }));
    };
    /** A request as a foreign program writes it, to be spoilt. */
    const request = (headers: RawHeaders = [], value: RawRecord['value'] = '"hello"'): RawRecord => ({
      value,
      key: Buffer.from('poison'),
      headers: [
        ...headers,
        ['kafka_correlationId', uniqueName('call')],
        ['kafka_replyTopic', replies],
        ['kafka_replyPartition', '0'],
        ['ac-endpoint', '/echo'],
      ],
    });
    const outcomesOf = async <K extends string>(poisons: Readonly<Record<K, RawRecord>>) => {
      const all = await outcomes(Object.values<RawRecord>(poisons));
      return Object.fromEntries(Object.keys(poisons).map((each, index) => [each, all[index]]));
    };
    const counts = () => app.get(AsyncCallsServer).counts;
    return { broker, counts, requests, replies, outcomes, outcomesOf, request };
  }

  it('answers, or keeps, requests whose headers nobody would write', async () => {
    const { outcomesOf, request, counts } = await setUp();
    const spoilt = (name: string, value: string | Buffer) => request([[name, value]]);
    const outcomes = await outcomesOf({
      'no headers': {},
      'random bytes': { value: BINARY, key: BINARY },
      'a binary name': { headers: [['\u0000\uffff', BINARY]] },
      'a binary version': spoilt('ac-version', BINARY),
      'an unknown version': spoilt('ac-version', '99'),
      'an unknown kind': spoilt('ac-kind', 'surprise'),
      'a response': spoilt('ac-kind', 'last'),
      'an empty endpoint': spoilt('ac-endpoint', ''),
      'a binary endpoint': spoilt('ac-endpoint', BINARY),
      'an endless endpoint': spoilt('ac-endpoint', LONG),
      'an endpoint of control characters': spoilt('ac-endpoint', CONTROL),
      '/constructor': spoilt('ac-endpoint', '/constructor'),
      '/__proto__': spoilt('ac-endpoint', '/__proto__'),
      'a timeout that is NaN': spoilt('ac-timeout-ms', 'NaN'),
      'a negative timeout': spoilt('ac-timeout-ms', '-1'),
      'a timeout of 1,000 digits': spoilt('ac-timeout-ms', '9'.repeat(1_000)),
      'a timeout of 30,000 years': spoilt('ac-timeout-ms', '999999999999999'),
      'repeated headers, the first of which is good': request([
        ['ac-timeout-ms', '60000'],
        ['ac-timeout-ms', 'NaN'],
        ['ac-version', '1'],
        ['ac-version', '2'],
      ]),
      'a binary content type': spoilt('content-type', BINARY),
      'an endless content type': spoilt('content-type', CONTROL),
      'an empty correlation id': spoilt('kafka_correlationId', ''),
      'a binary correlation id': spoilt('kafka_correlationId', BINARY),
      'an endless correlation id': spoilt('kafka_correlationId', LONG),
      '1 MB of headers': request(Array.from({ length: 10 }, (_, index) => [`x-${index}`, LONG] as const)),
      '50,000 headers': request(Array.from({ length: 50_000 }, () => ['x', 'y'] as const)),
      'headers named as members of objects': request([
        ['__proto__', 'x'],
        ['constructor', 'y'],
        ['hasOwnProperty', 'z'],
      ]),
      'a time long ago': { ...spoilt('ac-timeout-ms', '1000'), timestamp: 0 },
    });
    const refused = { answers: ['bad-request'] };
    const unknown = { answers: ['unknown-endpoint'] };
    const served = { answers: ['last'] };
    expect(outcomes).toEqual({
      'no headers': { letter: 'bad-request' },
      'random bytes': { letter: 'bad-request' },
      'a binary name': { letter: 'bad-request' },
      'a binary version': refused,
      'an unknown version': refused,
      'an unknown kind': refused,
      'a response': refused,
      'an empty endpoint': refused,
      'a binary endpoint': unknown,
      'an endless endpoint': unknown,
      'an endpoint of control characters': unknown,
      '/constructor': unknown,
      '/__proto__': unknown,
      'a timeout that is NaN': refused,
      'a negative timeout': refused,
      'a timeout of 1,000 digits': refused,
      'a timeout of 30,000 years': served,
      'repeated headers, the first of which is good': served,
      'a binary content type': refused,
      'an endless content type': refused,
      'an empty correlation id': served,
      'a binary correlation id': served,
      'an endless correlation id': served,
      '1 MB of headers': served,
      '50,000 headers': served,
      'headers named as members of objects': served,
      // It has expired: its caller knows by its own clock.
      'a time long ago': {},
    });
    const ends = Object.values(outcomes).flatMap(({ answers = ['none'] }) => answers);
    const times = (end: string) => ends.filter((each) => each === end).length;
    const ownCalls = 5;
    expect(counts()).toMatchObject({
      received: Object.keys(outcomes).length + ownCalls,
      served: times('last') + ownCalls,
      failed: times('bad-request') + times('unknown-endpoint') + 3,
      deadLettered: 3,
      expired: 1,
    });
  });

  it('keeps requests that cannot be answered where they say', async () => {
    const { outcomesOf, request, requests, broker } = await setUp();
    const nobody = uniqueName('nobody');
    const idle = await createTopic(broker, uniqueName('idle.replies'));
    const to = (topic: string | Buffer, more: RawHeaders = []) =>
      request([['kafka_replyTopic', topic], ...more]);
    const unreadable: RawHeaders = [['ac-version', '99']];
    const at = (partition: string | Buffer) => request([['kafka_replyPartition', partition]]);
    const outcomes = await outcomesOf({
      'a topic that does not exist': to(nobody),
      'a topic that does not exist, unreadable': to(nobody, unreadable),
      'no name of a topic': to('no topic/ has \u0000 this'),
      'an endless name': to(LONG),
      'a binary name': to(BINARY),
      "the broker's own topic": to('__consumer_offsets'),
      'the topic of requests': to(requests),
      'the topic of requests, unreadable': to(requests, unreadable),
      'a topic that nobody reads': to(idle),
      'a partition that does not exist': at('1'),
      'a negative partition': at('-1'),
      'a negative partition as Spring writes it': at(Buffer.from([255, 255, 255, 255])),
      'a huge partition': at('999999999'),
      'a partition of 11 digits': at('99999999999'),
      'no correlation id': {
        headers: [
          ['ac-kind', 'request'],
          ['kafka_replyTopic', idle],
          ['ac-endpoint', '/echo'],
        ],
      },
    });
    const invalid = { letter: 'protocol-error' };
    const nowhere = { letter: 'unknown-topic' };
    expect(outcomes).toEqual({
      'a topic that does not exist': nowhere,
      'a topic that does not exist, unreadable': { letter: 'bad-request' },
      'no name of a topic': invalid,
      'an endless name': invalid,
      'a binary name': invalid,
      "the broker's own topic": { letter: expect.stringMatching(/^unknown-topic|invalid-argument$/) },
      'the topic of requests': invalid,
      'the topic of requests, unreadable': invalid,
      // Answered there, where this test does not look.
      'a topic that nobody reads': {},
      'a partition that does not exist': nowhere,
      'a negative partition': invalid,
      'a negative partition as Spring writes it': invalid,
      'a huge partition': nowhere,
      'a partition of 11 digits': invalid,
      'no correlation id': invalid,
    });
    expect((await recordsOf(broker, idle)).map(nameOf)).toEqual(['last']);
  });

  it('answers payloads that are meant to do harm', async () => {
    const { outcomesOf, request } = await setUp();
    const bomb = '['.repeat(DEEP) + ']'.repeat(DEEP);
    const to = (endpoint: string, value: RawRecord['value']) => request([['ac-endpoint', endpoint]], value);
    const outcomes = await outcomesOf({
      'a tombstone': to('/echo', null),
      'no bytes': to('/echo', ''),
      'a bomb': to('/ignore', bomb),
      'a bomb that is sent back': to('/echo', bomb),
      'a bomb of objects': to('/echo', '{"a":'.repeat(150_000) + '1' + '}'.repeat(150_000)),
      'a prototype': to('/merge', '{"__proto__":{"polluted":true}}'),
      'an escaped prototype': to('/merge', '{"a":[{"\\u005f_proto__":{"polluted":true}}]}'),
      "a constructor's prototype": to('/merge', '{"constructor":{"prototype":{"polluted":true}}}'),
      'a constructor': to('/merge', '{"constructor":"a builder"}'),
    });
    expect(outcomes).toEqual({
      'a tombstone': { answers: ['last'] },
      'no bytes': { answers: ['bad-request'] },
      'a bomb': { answers: ['last'] },
      'a bomb that is sent back': { answers: ['internal'] },
      'a bomb of objects': { answers: ['internal'] },
      'a prototype': { answers: ['bad-request'] },
      'an escaped prototype': { answers: ['bad-request'] },
      "a constructor's prototype": { answers: ['bad-request'] },
      'a constructor': { answers: ['last'] },
    });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('answers, or keeps, whatever record there can be', async () => {
    const { outcomes, replies } = await setUp();
    const replyTopic = [['kafka_replyTopic', replies]] as const;
    const record: fc.Arbitrary<RawRecord> = fc.record({
      key: fc.option(bytes),
      value: fc.option(bytes),
      headers: fc
        .tuple(fc.constantFrom([], replyTopic), strangeHeaders.map(withIdOfItsOwn))
        .map((parts) => parts.flat()),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 40, maxLength: 60 }), async (records) => {
        const all = await outcomes(records);
        const lost = records.filter((each, index) => !isOver(each, all[index]));
        expect(lost).toEqual([]);
      }),
      // To shrink would take a call of the service for each of many steps; the seed is printed.
      { numRuns: 5, endOnFailure: true },
    );
  });
});

/** If it has an id then one that no other record has: a second request of the same id is not run. */
function withIdOfItsOwn(headers: RawHeaders): RawHeaders {
  const id = ['kafka_correlationId', uniqueName('call')] as const;
  return headers.some(([name]) => name === id[0]) ? [id, ...headers] : headers;
}

/** Answered, kept, past its deadline, or a cancel, of which nobody hears. */
function isOver({ headers = [] }: RawRecord, { answers, letter }: Outcome): boolean {
  const first = (wanted: string) => String(headers.find(([name]) => name === wanted)?.[1]);
  const needsNone = /^\d{1,4}$/.test(first('ac-timeout-ms')) || first('ac-kind') === 'cancel';
  return answers !== undefined || letter !== undefined || needsNone;
}

function answersTo({ headers = [] }: RawRecord, replies: readonly ConsumerRecord[]): Outcome {
  const [, id] = headers.find(([name]) => name === 'kafka_correlationId') ?? [];
  if (id === undefined) return {};
  const own = replies.filter((reply) =>
    reply.headers.some(([name, value]) => name === 'kafka_correlationId' && value.equals(Buffer.from(id))),
  );
  return own.length === 0 ? {} : { answers: own.map(nameOf) };
}

function nameOf({ headers, value }: ConsumerRecord): string {
  const kind = textOf(headers, 'ac-kind') ?? '';
  return kind === 'error' ? (JSON.parse(String(value)) as { code: string }).code : kind;
}

function letterOf(offset: bigint, letters: readonly ConsumerRecord[]): Outcome {
  const letter = letters.find(
    ({ headers }) =>
      textOf(headers, 'kafka_dlt-original-offset') === String(offset) &&
      textOf(headers, 'kafka_dlt-original-partition') === '0',
  );
  return letter ? { letter: textOf(letter.headers, 'kafka_dlt-exception-fqcn') } : {};
}

async function createTopic(broker: Broker, topic: string): Promise<string> {
  const admin = broker.createAdmin({ clientId: 'test' });
  await admin.createTopics([{ topic, partitions: 1 }]);
  await admin.close();
  return topic;
}

/** Resolves when the group has committed every partition of the topic to its end. */
async function everythingIsCommitted(broker: Broker, groupId: string, topic: string): Promise<void> {
  const admin = broker.createAdmin({ clientId: 'test' });
  await waitFor(
    async () => {
      const ends = await admin.listOffsets(
        [0, 1].map((partition) => ({ topic, partition })),
        'latest',
      );
      const committed = await admin.fetchCommitted(groupId, [topic]);
      return ends.every(
        ({ partition, offset }) =>
          (committed.find((each) => each.partition === partition)?.offset ?? 0n) === offset,
      );
    },
    { what: 'the committed offsets to pass every record', timeoutMs: 20_000 },
  );
  await admin.close();
}
