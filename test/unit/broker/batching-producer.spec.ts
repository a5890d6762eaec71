import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { BatchingProducer } from '../../../lib/broker/batching-producer.js';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { QueuedRecord } from '../../../lib/broker/queued-record.js';
import type { ProducerRecord } from '../../../lib/broker/record.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { useClockOfTest } from '../support/clock-of-test.js';
import { ScriptedProducer, turn } from '../support/scripted-producer.js';

const refused = new BrokerError('unavailable', 'no leader', { retriable: true });

const PATIENCE_MS = 100;

// A partition that takes long is left behind.
useClockOfTest();

function setUp() {
  const scripted = new ScriptedProducer();
  return { scripted, producer: new BatchingProducer(scripted, systemEnvironment) };
}

interface Spec {
  readonly topic?: string;
  readonly partition?: number;
  readonly size?: number;
}

const recordOf = (name: string, { topic = 't', partition = 0, size = 0 }: Spec = {}): ProducerRecord => ({
  topic,
  partition,
  key: Buffer.from(name),
  value: Buffer.alloc(size),
  headers: [],
});

/** A record that grows while it waits, and remembers how it has ended. */
class GrowingRecord implements QueuedRecord {
  readonly partition = 0;
  readonly pieces: GrowingRecord[] = [];
  end: unknown;

  constructor(
    readonly parts: string[],
    public bytes = 100,
    readonly stream: object = {},
  ) {
    this.bytes = bytes * parts.length;
  }

  seal(): ProducerRecord {
    return recordOf(this.parts.join('+'));
  }

  divide(): readonly QueuedRecord[] {
    if (this.parts.length === 1) return [];
    const { bytes, parts, stream } = this;
    this.pieces.push(...parts.map((part) => new GrowingRecord([part], bytes / parts.length, stream)));
    return this.pieces;
  }

  resolve(place: unknown): void {
    this.end = place;
  }

  reject(error: unknown): void {
    this.end = error;
  }
}

const nameOf = ({ key }: ProducerRecord) => key!.toString();

const placeOf = ({ topic, partition }: ProducerRecord) => `${topic} ${partition}`;

/** The records of each batch, by their names. */
const batches = ({ sent }: ScriptedProducer) => sent.map(({ records }) => records.map(nameOf));

describe('BatchingProducer', () => {
  it('sends the records of one turn together', async () => {
    const { scripted, producer } = setUp();
    const places = [producer.send(recordOf('a')), producer.send(recordOf('b', { partition: 1 }))];
    await Promise.resolve();
    places.push(producer.send(recordOf('c')));
    await scripted.succeedAll();
    expect(batches(scripted)).toEqual([['b'], ['a', 'c']]);
    expect((await Promise.all(places)).map(({ partition, offset }) => [partition, offset])).toEqual([
      [0, 1n],
      [1, 0n],
      [0, 2n],
    ]);
  });

  it('has one batch of each partition under way; what comes meanwhile, for any, leaves together', async () => {
    const { scripted, producer } = setUp();
    void producer.send(recordOf('a'));
    void producer.send(recordOf('b', { partition: 1 }));
    await turn();
    void producer.send(recordOf('c'));
    void producer.send(recordOf('d', { partition: 2 }));
    void producer.send(recordOf('e'));
    await turn();
    expect(batches(scripted)).toEqual([['a'], ['b']]);
    scripted.underWay[0].succeed();
    await turn();
    expect(batches(scripted)).toEqual([['a'], ['b']]);
    scripted.underWay[0].succeed();
    await turn();
    expect(batches(scripted).slice(2)).toEqual([['d'], ['c', 'e']]);
  });

  it('goes on without a partition that does not come back', async () => {
    const { scripted, producer } = setUp();
    const stuck = producer.send(recordOf('stuck'));
    const others = [producer.send(recordOf('a', { partition: 1 }))];
    await turn();
    scripted.underWay[1].succeed();
    others.push(producer.send(recordOf('b', { partition: 1 })));
    const behind = producer.send(recordOf('behind'));
    await jest.advanceTimersByTimeAsync(PATIENCE_MS - 1);
    await turn();
    expect(scripted.underWay).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    await turn();
    expect(scripted.underWay).toHaveLength(2);
    scripted.underWay[1].succeed();
    expect(await Promise.all(others)).toHaveLength(2);
    expect(batches(scripted)).toEqual([['stuck'], ['a'], ['b']]);

    scripted.underWay[0].fail(refused);
    await expect(stuck).rejects.toBe(refused);
    await scripted.succeedAll();
    await expect(behind).resolves.toMatchObject({ partition: 0 });
  });

  it('lets nobody wait for a partition that was late, until it is in time again', async () => {
    const { scripted, producer } = setUp();
    void producer.send(recordOf('late'));
    await turn();
    void producer.send(recordOf('a', { partition: 1 }));
    await turn();
    await jest.advanceTimersByTimeAsync(PATIENCE_MS + 1);
    await turn();
    expect(scripted.underWay).toHaveLength(2);
    await scripted.succeedAll();

    void producer.send(recordOf('in time'));
    await turn();
    void producer.send(recordOf('b', { partition: 1 }));
    await turn();
    expect(batches(scripted).slice(2)).toEqual([['in time'], ['b']]);
    await scripted.succeedAll();

    void producer.send(recordOf('waited for'));
    await turn();
    void producer.send(recordOf('c', { partition: 1 }));
    await turn();
    expect(batches(scripted).slice(4)).toEqual([['waited for']]);
    await scripted.succeedAll();
  });

  it('does not let topics wait for each other', async () => {
    const { scripted, producer } = setUp();
    void producer.send(recordOf('a', { topic: 'one' }));
    void producer.send(recordOf('b', { topic: 'other' }));
    await turn();
    expect(batches(scripted)).toEqual([['a'], ['b']]);
    expect(scripted.underWay).toHaveLength(2);
  });

  it('lets at most 500 records leave together: all of partitions with little, equal shares of the others', async () => {
    const { scripted, producer } = setUp();
    for (let index = 0; index < 1_100; index += 1) {
      void producer.send(recordOf(`${index}`, { partition: index < 20 ? 2 : index % 2 }));
    }
    await scripted.succeedAll();
    expect(batches(scripted).map(({ length }) => length)).toEqual([20, 240, 240, 250, 250, 50, 50]);
    for (const partition of [0, 1, 2]) {
      const order = scripted.log
        .filter((each) => each.partition === partition)
        .map(nameOf)
        .map(Number);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }
  });

  it('sends a record of each partition, however many there are', async () => {
    const { scripted, producer } = setUp();
    for (let partition = 0; partition < 600; partition += 1) void producer.send(recordOf('a', { partition }));
    await turn();
    expect(scripted.underWay).toHaveLength(600);
    await scripted.succeedAll();
  });

  it('puts at most 800 kB of a partition into a batch', async () => {
    const { scripted, producer } = setUp();
    for (const name of ['a', 'b', 'c']) void producer.send(recordOf(name, { size: 399_900 }));
    void producer.send(recordOf('small'));
    void producer.send(recordOf('elsewhere', { partition: 1, size: 700_000 }));
    await scripted.succeedAll();
    expect(batches(scripted)).toEqual([['elsewhere'], ['a', 'b'], ['c', 'small']]);
  });

  it('finds a smaller limit of the topic, and sends in smaller batches from then on', async () => {
    const { scripted, producer } = setUp();
    const send = (name: string, partition = 0) => producer.send(recordOf(name, { size: 900, partition }));
    const places = Promise.all(['a', 'b', 'c', 'd'].map((name) => send(name)));
    const elsewhere = Promise.all(['e', 'f', 'g'].map((name) => send(name, 1)));
    await turn();
    scripted.underWay[0].succeed();
    scripted.underWay[0].fail(new BrokerError('payload-too-large', 'the limit is 2000 bytes'));
    const later = Promise.all(['h', 'i', 'j'].map((name) => send(name, 1)));
    await scripted.succeedAll();
    expect(batches(scripted)).toEqual([
      ['e', 'f', 'g'],
      ['a', 'b', 'c', 'd'],
      ['h', 'i'],
      ['a', 'b'],
      ['j'],
      ['c', 'd'],
    ]);
    await Promise.all([places, elsewhere, later]);
    expect(scripted.log.map(nameOf)).toEqual(['e', 'f', 'g', 'h', 'i', 'a', 'b', 'j', 'c', 'd']);
  });

  it('sends again only what was refused as too large', async () => {
    const { scripted, producer } = setUp();
    const names = ['stored', 'x', 'y'];
    const sends = Promise.allSettled(names.map((name) => producer.send(recordOf(name, { size: 900 }))));
    await turn();
    const tooLarge = new BrokerError('payload-too-large', 'the limit is 1000 bytes');
    scripted.underWay[0].fail(tooLarge, 1);
    await turn();
    scripted.underWay[0].fail(tooLarge);
    await scripted.succeedAll();
    expect(batches(scripted)).toEqual([names, ['x'], ['y']]);
    expect((await sends).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('counts headers and keys', async () => {
    const { scripted, producer } = setUp();
    const headers = [['h', Buffer.alloc(500_000)]] as const;
    void producer.send({ ...recordOf('a'), headers });
    void producer.send({ ...recordOf('b'), key: Buffer.alloc(500_000) });
    await scripted.succeedAll();
    expect(scripted.sent).toHaveLength(2);
  });

  it('sends a record that is too large for a batch alone, in its place', async () => {
    const { scripted, producer } = setUp();
    void producer.send(recordOf('before'));
    void producer.send(recordOf('large', { size: 2_000_000 }));
    void producer.send(recordOf('after'));
    void producer.send(recordOf('elsewhere', { partition: 1 }));
    await scripted.succeedAll();
    expect(batches(scripted)).toEqual([['elsewhere'], ['before'], ['large'], ['after']]);
  });

  it('rejects the records of a failed batch, and goes on with the next', async () => {
    const { scripted, producer } = setUp();
    const first = Promise.allSettled([producer.send(recordOf('a')), producer.send(recordOf('b'))]);
    await turn();
    const next = producer.send(recordOf('c'));
    scripted.underWay[0].fail(refused);
    await scripted.succeedAll();
    expect(await first).toEqual([
      { status: 'rejected', reason: refused },
      { status: 'rejected', reason: refused },
    ]);
    await expect(next).resolves.toMatchObject({ offset: 0n });
  });

  it('rejects no record of another partition with those of a failed batch', async () => {
    const { scripted, producer } = setUp();
    const error = producer.send(recordOf('a')).catch((reason: unknown) => reason);
    const other = producer.send(recordOf('b', { partition: 1 }));
    await turn();
    scripted.underWay[0].fail(refused);
    expect(await error).toBe(refused);
    await scripted.succeedAll();
    await expect(other).resolves.toMatchObject({ partition: 1 });
  });

  it('rejects what was behind a failed record of a batch, and resolves what was before it', async () => {
    const { scripted, producer } = setUp();
    const sends = Promise.allSettled(['a', 'b', 'c'].map((name) => producer.send(recordOf(name))));
    await turn();
    scripted.underWay[0].fail(refused, 1);
    await scripted.succeedAll();
    expect((await sends).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  });

  it('rejects what the producer does not send', async () => {
    const { scripted, producer } = setUp();
    const send = producer.send(recordOf('a'));
    await turn();
    const closed = new Error('closed');
    scripted.underWay[0].fail(closed);
    await expect(send).rejects.toBe(closed);
  });

  it('sends nothing of a stream behind a record that was rejected', async () => {
    const { scripted, producer } = setUp();
    const [stream, other] = [{}, {}];
    const sends = [producer.send(recordOf('a1'), stream)];
    await turn();
    sends.push(producer.send(recordOf('a2'), stream), producer.send(recordOf('b1'), other));
    const results = Promise.allSettled([...sends, producer.send(recordOf('none'))]);
    scripted.underWay[0].fail(refused);
    await scripted.succeedAll();
    expect((await results).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(scripted.log.map(nameOf)).toEqual(['b1', 'none']);
    await expect(producer.send(recordOf('a3'), stream)).rejects.toBe(refused);
    expect(scripted.sent).toHaveLength(2);
  });

  it('sends a record that grows as it is when its batch leaves, and counts what it has become', async () => {
    const { scripted, producer } = setUp();
    const [first, second] = [new GrowingRecord(['a']), new GrowingRecord(['b'])];
    for (const each of [first, second]) producer.enqueue('t', each);
    first.parts.push('a2');
    second.parts.push('b2');
    second.bytes = 799_999;
    await scripted.succeedAll();
    expect(batches(scripted)).toEqual([['a+a2'], ['b+b2']]);
    expect([first.end, second.end]).toMatchObject([{ offset: 0n }, { offset: 1n }]);
  });

  it('divides a record that its topic does not take, in its place, and learns how much that takes', async () => {
    const { scripted, producer } = setUp();
    const growing = new GrowingRecord(['a', 'b', 'c'], 900);
    producer.enqueue('t', growing);
    const behind = producer.send(recordOf('behind', { size: 900 }));
    await turn();
    for (const bytes of [2_000, 1_000]) {
      scripted.underWay[0].fail(new BrokerError('payload-too-large', `the limit is ${bytes} bytes`));
      await turn();
    }
    expect(producer.maxBatchBytes('t')).toBeLessThan(2_700);
    await scripted.succeedAll();
    await behind;
    expect(scripted.log.map(nameOf)).toEqual(['a', 'b', 'c', 'behind']);
    expect(growing.end).toBeUndefined();
    expect(growing.pieces.map(({ end }) => end)).toMatchObject([
      { offset: 0n },
      { offset: 1n },
      { offset: 2n },
    ]);
  });

  it('rejects the piece that is too large, and what is behind it in its stream', async () => {
    const { scripted, producer } = setUp();
    const growing = new GrowingRecord(['a', 'b', 'c'], 900);
    producer.enqueue('t', growing);
    await turn();
    const tooLarge = new BrokerError('payload-too-large', 'the limit is 1000 bytes');
    scripted.underWay[0].fail(tooLarge);
    await turn();
    scripted.underWay[0].succeed();
    await turn();
    scripted.underWay[0].fail(tooLarge);
    await scripted.succeedAll();
    expect(batches(scripted)).toEqual([['a+b+c'], ['a'], ['b']]);
    const [stored, ...rejected] = growing.pieces.map(({ end }) => end);
    expect(stored).toMatchObject({ offset: 0n });
    expect(rejected).toEqual([tooLarge, tooLarge]);
  });

  it('connects, and closes after everything was sent', async () => {
    const { scripted, producer } = setUp();
    await producer.connect();
    expect(scripted.connected).toBe(true);
    const sends = [producer.send(recordOf('a')), producer.send(recordOf('b', { topic: 'other' }))];
    const closed = producer.close();
    await turn();
    sends.push(producer.send(recordOf('c')));
    expect(scripted.closed).toBe(false);
    await scripted.succeedAll();
    await closed;
    expect(scripted.closed).toBe(true);
    expect(await Promise.all(sends)).toHaveLength(3);
  });

  it('closes after a batch has failed', async () => {
    const { scripted, producer } = setUp();
    const send = producer.send(recordOf('a'));
    const closed = producer.close();
    await turn();
    scripted.underWay[0].fail(refused);
    await expect(send).rejects.toBe(refused);
    await closed;
    expect(scripted.closed).toBe(true);
  });
});

type Step =
  | {
      readonly do: 'send';
      readonly topic: string;
      readonly stream: number | undefined;
      readonly partition: number;
      readonly size: number;
    }
  | { readonly do: 'turn' }
  | { readonly do: 'end'; readonly which: number; readonly fails: boolean; readonly stored: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      topic: fc.constantFrom('t', 'u'),
      stream: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
      partition: fc.nat({ max: 2 }),
      size: fc.constantFrom(0, 0, 300_000, 600_000, 1_000_000),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'turn' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which: fc.nat(),
      fails: fc.boolean(),
      stored: fc.nat({ max: 3 }),
    }),
  },
);

describe('any interleaving of sends and failures', () => {
  const VALUES = new Map([0, 300_000, 600_000, 1_000_000].map((size) => [size, Buffer.alloc(size)]));

  it('keeps the order of partitions, leaves no gap in streams, and tells every sender the truth', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
        const run = new Interleaving(VALUES);
        for (const step of steps) await run.take(step);
        await run.scripted.succeedAll();
        run.expectOrder();
        run.expectNoGaps();
        await run.expectTruth();
      }),
      { numRuns: 150 },
    );
  });
});

/** Carries out steps, and remembers what was sent. */
class Interleaving {
  readonly scripted = new ScriptedProducer();
  private readonly producer = new BatchingProducer(this.scripted, systemEnvironment);
  private readonly streams = new Map<string, object>();
  private readonly sends: { record: ProducerRecord; stream?: object; stored: Promise<boolean> }[] = [];

  constructor(private readonly values: ReadonlyMap<number, Buffer>) {}

  async take(step: Step): Promise<void> {
    if (step.do === 'send') this.send(step);
    else if (step.do === 'turn') await turn();
    else this.end(step);
    const places = this.scripted.underWay.map(({ records }) => placeOf(records[0]));
    expect(new Set(places).size).toBe(places.length);
  }

  private send({ topic, partition, stream: number, size }: Step & { do: 'send' }): void {
    const record = {
      ...recordOf(`${this.sends.length}`, { topic, partition }),
      value: this.values.get(size)!,
    };
    const stream = number === undefined ? undefined : this.streamOf(`${topic} ${partition} ${number}`);
    const stored = this.producer.send(record, stream).then(
      () => true,
      () => false,
    );
    this.sends.push({ record, stream, stored });
  }

  private streamOf(name: string): object {
    const stream = this.streams.get(name) ?? {};
    this.streams.set(name, stream);
    return stream;
  }

  private end({ which, fails, stored }: Step & { do: 'end' }): void {
    const { underWay } = this.scripted;
    const batch = underWay[which % underWay.length];
    if (fails) batch?.fail(refused, Math.min(stored, batch.records.length - 1));
    else batch?.succeed();
  }

  expectOrder(): void {
    for (const place of new Set(this.scripted.log.map(placeOf))) {
      const records = this.scripted.log.filter((record) => placeOf(record) === place);
      const order = records.map((record) => Number(nameOf(record)));
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }
  }

  expectNoGaps(): void {
    const log = new Set(this.scripted.log);
    for (const stream of this.streams.values()) {
      const stored = this.sends.filter((send) => send.stream === stream).map(({ record }) => log.has(record));
      expect(stored.lastIndexOf(true)).toBeLessThan(
        stored.includes(false) ? stored.indexOf(false) : Infinity,
      );
    }
  }

  async expectTruth(): Promise<void> {
    const log = new Set(this.scripted.log);
    expect(this.scripted.log).toHaveLength(log.size);
    for (const { record, stored } of this.sends) expect(await stored).toBe(log.has(record));
  }
}
