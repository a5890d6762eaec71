import { expect, it, jest } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import fc from 'fast-check';
import { AsyncCallContext, AsyncEndpoint, type Broker, type ConsumerRecord } from 'nestjs-async-calls';
import { firstValueFrom, lastValueFrom, Subject } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { type RawHeaders, type RawRecord, writeRaw } from '../support/raw-records.js';
import { startService } from '../support/services.js';
import { bytes, strangeHeaders } from '../unit/protocol/arbitraries.js';

jest.setTimeout(60_000);

const DEEP = 200_000;

/** The requests of `/wait`, which has no response: the test writes those. */
const waiting = new Subject<AsyncCallContext>();

@Controller()
class WaitingController {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }

  @AsyncEndpoint('/wait')
  wait(@Ctx() context: AsyncCallContext) {
    waiting.next(context);
    return new Subject();
  }
}

describeOnBrokers('G5: no reply stops the client', (newBroker) => {
  async function setUp() {
    const broker = newBroker();
    const { name } = await startService({ broker, controllers: [WaitingController] });
    const { client } = await startService({ broker });
    const echo = () => lastValueFrom(client.send(`${name}/echo`, 'hello'));
    /** A call that is under way; what becomes of it, and how to write a reply to it. */
    const call = async () => {
      const begun = firstValueFrom(waiting);
      const outcome = lastValueFrom(client.to(`${name}/wait`, { timeoutMs: Infinity }).send(null)).then(
        (value) => ({ value }),
        ({ code }: { code: string }) => code,
      );
      const { record } = await begun;
      return { outcome, reply: (raws: readonly RawRecord[]) => replyTo(broker, record, raws) };
    };
    return { client, echo, call };
  }

  it('passes over what is no reply to a call of its own', async () => {
    const { client, echo, call } = await setUp();
    const { outcome, reply } = await call();
    const record: fc.Arbitrary<RawRecord> = fc.record({
      key: fc.option(bytes),
      value: fc.option(bytes),
      headers: strangeHeaders,
    });
    const of = (id: string) => (raw: RawRecord) => ({
      ...raw,
      headers: [...(raw.headers ?? []), ['kafka_correlationId', id] as const],
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 50, maxLength: 60 }), async (records) => {
        await reply(records.map(of('of nobody')));
        expect(await echo()).toBe('hello');
        expect(client.inFlight).toBe(1);
      }),
      { numRuns: 5, endOnFailure: true },
    );
    await reply([{ headers: frame('last'), value: '"the real one"' }]);
    expect(await outcome).toEqual({ value: 'the real one' });
    expect(client.inFlight).toBe(0);
  });

  it('fails the one call that a reply which cannot be read belongs to', async () => {
    const { client, echo, call } = await setUp();
    const replies: Readonly<Record<string, RawRecord>> = {
      'no version': { headers: [] },
      'another version': { headers: [['ac-version', '2']] },
      'an unknown kind': { headers: frame('surprise') },
      'no kind': { headers: [['ac-version', '1'], ...frame('')] },
      'no place': {
        headers: [
          ['ac-version', '1'],
          ['ac-kind', 'last'],
          ['ac-attempt', '1'],
        ],
      },
      'a binary place': { headers: [['ac-seq', Buffer.from([0xff, 0])], ...frame('last')] },
      'a place far ahead': { headers: [['ac-seq', '999999'], ...frame('last')] },
      'bytes that are no JSON': { headers: frame('last'), value: Buffer.from([0xff, 0]) },
      'an unknown content type': { headers: [['content-type', 'x/y'], ...frame('last')], value: 'x' },
      'a prototype': { headers: frame('last'), value: '{"__proto__":{"polluted":true}}' },
      'an error that is none': { headers: frame('error'), value: '[]' },
    };
    for (const [what, raw] of Object.entries(replies)) {
      const [failing, other] = [await call(), await call()];
      await failing.reply([raw]);
      expect([what, await failing.outcome]).toEqual([what, 'protocol-error']);
      expect(await echo()).toBe('hello');
      await other.reply([{ headers: frame('last'), value: '"well"' }]);
      expect([what, await other.outcome]).toEqual([what, { value: 'well' }]);
    }
    expect(client.inFlight).toBe(0);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('takes a bomb for the value that it is', async () => {
    const { echo, call } = await setUp();
    const { outcome, reply } = await call();
    await reply([{ headers: frame('last'), value: '['.repeat(DEEP) + ']'.repeat(DEEP) }]);
    // Not by expect, which looks into it.
    expect(Array.isArray(((await outcome) as { value: unknown }).value)).toBe(true);
    expect(await echo()).toBe('hello');
  });
});

/** The headers of a good response, but for its correlation id. */
function frame(kind: string): RawHeaders {
  return [
    ['ac-version', '1'],
    ['ac-kind', kind],
    ['ac-seq', '0'],
    ['ac-attempt', '1'],
    ['content-type', 'application/json'],
  ];
}

/** Writes records to where the replies to the request go; those without a correlation id get the request's. */
async function replyTo(
  broker: Broker,
  { headers }: ConsumerRecord,
  raws: readonly RawRecord[],
): Promise<void> {
  const header = (name: string) => headers.find(([each]) => each === name)?.[1] ?? Buffer.alloc(0);
  const topic = header('kafka_replyTopic').toString();
  const partition = Number(header('kafka_replyPartition').toString());
  const own = ['kafka_correlationId', header('kafka_correlationId')] as const;
  await writeRaw(
    broker,
    { topic, partition },
    raws.map((raw) => ({ ...raw, headers: [...(raw.headers ?? []), own] })),
  );
}
