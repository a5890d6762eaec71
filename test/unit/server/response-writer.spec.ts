import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BatchingProducer } from '../../../lib/broker/batching-producer.js';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { partitionForKey } from '../../../lib/broker/partitioner.js';
import { TopicDirectory } from '../../../lib/broker/topic-directory.js';
import { Cutoff } from '../../../lib/delivery/cutoff.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { decodeResponses } from '../../../lib/protocol/frames.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import { MessageIds } from '../../../lib/protocol/message-ids.js';
import type { ReplyAddress } from '../../../lib/protocol/reply-address.js';
import { correlationIdOf, decodeResponse, type IncomingResponse } from '../../../lib/protocol/response.js';
import { ResponseWriter } from '../../../lib/server/response-writer.js';
import { useClockOfTest } from '../support/clock-of-test.js';
import { ScriptedProducer, turn } from '../support/scripted-producer.js';
import { StubAdmin, topicOf } from '../support/stub-admin.js';

const tooLarge = new BrokerError('payload-too-large', 'The record has 2 MB.');
const unavailable = new BrokerError('unavailable', 'no leader', { retriable: true });

const correlationId = Buffer.from('q-1');

// A partition that takes long is left behind.
useClockOfTest();

interface Setting {
  readonly window?: number;
  readonly replyTo?: ReplyAddress;
  readonly attempt?: number;
  readonly acceptsFrames?: boolean;
  readonly bufferBytes?: number;
}

async function setUp({
  window = 10,
  replyTo = { topic: 'r', partition: 1 },
  attempt = 1,
  acceptsFrames = false,
  bufferBytes = 100_000,
}: Setting = {}) {
  const scripted = new ScriptedProducer();
  const cutoff = new Cutoff();
  const writing = {
    producer: new BatchingProducer(scripted, systemEnvironment),
    directory: new TopicDirectory(new StubAdmin(topicOf('r', 6)).asAdmin, systemEnvironment),
    serializer: jsonSerializer,
    source: 'broker/i1',
    ids: new MessageIds(systemEnvironment),
    window,
    bufferBytes,
  };
  const writer = await ResponseWriter.open(
    writing,
    { correlationId, replyTo, acceptsFrames },
    { epoch: 7, attempt },
    cutoff,
  );
  return { scripted, cutoff, writer };
}

/** The frames that were handed to the broker, each as its kind, place and value. */
function frames({ sent }: ScriptedProducer): unknown[][] {
  return sent.flatMap(({ records }) => records).map((record) => brief(decodeResponse(record)));
}

/** What was stored, record by record. */
function framesOfRecords({ log }: ScriptedProducer): unknown[][][] {
  return log.map((record) => decodeResponses(record).map(brief));
}

function brief(frame: IncomingResponse): unknown[] {
  if (frame.kind === 'complete') return [frame.kind, frame.seq];
  const content = frame.kind === 'error' ? frame.error.code : jsonSerializer.deserialize(frame.payload);
  return [frame.kind, frame.seq, content];
}

async function isSettled(promise: Promise<unknown> | undefined): Promise<boolean> {
  let settled = false;
  const done = () => (settled = true);
  Promise.resolve(promise).then(done, done);
  await turn();
  return settled;
}

describe('ResponseWriter', () => {
  it('sends a value that is the end of its turn as one frame', async () => {
    const { scripted, writer } = await setUp();
    writer.write('all');
    writer.complete();
    await scripted.succeedAll();
    expect(frames(scripted)).toEqual([['last', 0, 'all']]);
    await writer.settled();
  });

  it('sends a value when it is written, and the end when it comes', async () => {
    const { scripted, writer } = await setUp();
    writer.write('a');
    await turn();
    expect(frames(scripted)).toEqual([['next', 0, 'a']]);
    writer.complete();
    await scripted.succeedAll();
    expect(frames(scripted)).toEqual([
      ['next', 0, 'a'],
      ['complete', 1],
    ]);
  });

  it('sends everything in order', async () => {
    const { scripted, writer } = await setUp();
    writer.write('a');
    writer.write('b');
    await turn();
    writer.write('c');
    writer.write('d');
    writer.complete();
    await scripted.succeedAll();
    expect(frames(scripted)).toEqual([
      ['next', 0, 'a'],
      ['next', 1, 'b'],
      ['next', 2, 'c'],
      ['last', 3, 'd'],
    ]);
  });

  it('ends an empty stream', async () => {
    const { scripted, writer } = await setUp();
    writer.complete();
    await scripted.succeedAll();
    expect(frames(scripted)).toEqual([['complete', 0]]);
  });

  it('says how many values have left, also of a stream that has no end', async () => {
    const { scripted, writer } = await setUp();
    writer.write('a');
    writer.write('b');
    const settled = writer.settled();
    await scripted.succeedAll();
    await settled;
    expect(writer.written).toBe(2);
    expect(frames(scripted)).toEqual([
      ['next', 0, 'a'],
      ['next', 1, 'b'],
    ]);
  });

  it('ends once: what comes later is dropped', async () => {
    const { scripted, writer } = await setUp();
    writer.complete();
    writer.write('late');
    writer.complete();
    await scripted.succeedAll();
    expect(frames(scripted)).toEqual([['complete', 0]]);
  });

  it('says whom it answers, who answers, and which delivery of the request', async () => {
    const { scripted, writer } = await setUp({ attempt: 3 });
    writer.write(1);
    writer.write(2);
    writer.complete();
    await scripted.succeedAll();
    const [first, second] = scripted.log;
    expect(first).toMatchObject({ topic: 'r', partition: 1, key: null });
    expect(correlationIdOf(first)).toEqual(Buffer.from('q-1'));
    expect(decodeResponse(first)).toMatchObject({ epoch: 7, attempt: 3, source: 'broker/i1' });
    expect(decodeResponse(first).id).not.toBe(decodeResponse(second).id);
  });

  it('goes on where a value cannot be serialized: the handler decides', async () => {
    const { scripted, writer } = await setUp();
    expect(() => writer.write(1n)).toThrow(expect.objectContaining({ code: 'internal' }));
    writer.write('b');
    writer.complete();
    await scripted.succeedAll();
    expect(frames(scripted)).toEqual([['last', 0, 'b']]);
  });

  it('lets the values of the next turn wait while the window is full', async () => {
    const { scripted, writer } = await setUp({ window: 2 });
    writer.write('a');
    await writer.ready();
    writer.write('b');
    await turn();
    const ready = writer.ready();
    expect(await isSettled(ready)).toBe(false);
    await scripted.succeedAll();
    expect(await isSettled(ready)).toBe(true);
  });

  it('is settled when the broker has acknowledged everything', async () => {
    const { scripted, writer } = await setUp();
    writer.write('a');
    await turn();
    writer.complete();
    const settled = writer.settled();
    scripted.underWay[0].succeed();
    expect(await isSettled(settled)).toBe(false);
    scripted.underWay[0].succeed();
    expect(await isSettled(settled)).toBe(true);
    await settled;
  });
});

describe('where the responses go', () => {
  it('is chosen by the correlation id where the caller leaves it open', async () => {
    const { scripted, writer } = await setUp({ replyTo: { topic: 'r' } });
    writer.complete();
    await scripted.succeedAll();
    expect(scripted.log[0].partition).toBe(partitionForKey(correlationId, 6));
  });

  it.each([{ topic: 'nowhere' }, { topic: 'nowhere', partition: 0 }, { topic: 'r', partition: 6 }])(
    'has to exist: %j',
    async (replyTo) => {
      await expect(setUp({ replyTo })).rejects.toMatchObject({
        code: 'unknown-topic',
        message: expect.stringContaining(replyTo.topic),
      });
    },
  );
});

describe('when a response is too large', () => {
  it('nothing behind it is written, the handler is told to stop, and the writer says where it stands', async () => {
    const { scripted, cutoff, writer } = await setUp();
    writer.write('a');
    await turn();
    scripted.underWay[0].succeed();
    writer.write('large');
    await turn();
    writer.write('behind');
    await turn();
    scripted.underWay[0].fail(tooLarge);
    await turn();
    expect(cutoff.aborted).toBe(true);
    writer.write('later');
    writer.complete();
    await scripted.succeedAll();
    expect(frames(scripted).map(([kind, seq]) => [kind, seq])).toEqual([
      ['next', 0],
      ['next', 1],
    ]);
    expect(scripted.log).toHaveLength(1);
    expect(await writer.settled()).toBe(tooLarge);
    expect(writer.written).toBe(1);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])(
    'a value written %i microtasks later does not follow',
    async (microtasks) => {
      const { scripted, writer } = await setUp();
      writer.write('large');
      await turn();
      scripted.underWay[0].fail(tooLarge);
      for (let passed = 0; passed < microtasks; passed += 1) await Promise.resolve();
      writer.write('behind');
      await scripted.succeedAll();
      expect(scripted.log).toEqual([]);
      expect(writer.written).toBe(0);
    },
  );
});

describe('when the broker cannot take a response', () => {
  it('nothing more is written, the handler is told to stop, and it never settles well', async () => {
    const { scripted, cutoff, writer } = await setUp();
    writer.write('a');
    await turn();
    writer.write('b');
    scripted.underWay[0].fail(unavailable);
    await turn();
    writer.write('c');
    writer.complete();
    const settled = writer.settled();
    expect(await settled).toBe(unavailable);
    expect(cutoff.aborted).toBe(true);
    expect(frames(scripted)).toEqual([['next', 0, 'a']]);
  });
});

describe('when somebody else has aborted', () => {
  it('nothing more is written, also not what was held back', async () => {
    const { scripted, cutoff, writer } = await setUp();
    writer.write('held');
    cutoff.abort();
    await turn();
    writer.write('later');
    writer.complete();
    await scripted.succeedAll();
    expect(scripted.sent).toEqual([]);
    await writer.settled();
  });
});

describe('when more waits for the broker than may', () => {
  it('a value is refused for good, with what to do instead, until the broker has caught up', async () => {
    const { scripted, writer } = await setUp();
    const value = 'v'.repeat(20_000);
    for (let sent = 0; sent < 5; sent += 1) writer.write(value);
    await turn();
    expect(() => writer.write(value)).toThrow(
      expect.objectContaining({
        name: 'TerminalError',
        code: 'overloaded',
        message: expect.stringMatching(
          /^5 responses wait .*delivery\.responseBufferBytes \(100000\).*async iterable/,
        ),
      }),
    );
    await scripted.succeedAll();
    writer.write('on again');
    writer.complete();
    await scripted.succeedAll();
    await writer.settled();
  });
});

describe('for a caller that reads frames', () => {
  const setUpFrames = (setting: Setting = {}) =>
    setUp({ acceptsFrames: true, window: 10_000, bufferBytes: 10_000_000, ...setting });

  /** Numbers from 0 on, written in one turn. */
  function writeNumbers(writer: ResponseWriter, count: number): void {
    for (let value = 0; value < count; value += 1) writer.write(value);
  }

  /** Ends everything as a topic does that takes so many bytes at once. */
  async function endAll({ underWay }: ScriptedProducer, maxBytes: number): Promise<void> {
    for (await turn(); underWay.length > 0; await turn()) {
      const [batch] = underWay;
      const bytes = batch.records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      if (bytes > maxBytes) batch.fail(tooLarge);
      else batch.succeed();
    }
  }

  const placesOf = (scripted: ScriptedProducer) =>
    framesOfRecords(scripted).map((each) => each.map(([, seq]) => seq));

  it('what is written in one turn is one record', async () => {
    const { scripted, writer } = await setUpFrames();
    for (const value of ['a', undefined, { b: 1 }]) writer.write(value);
    writer.complete();
    await scripted.succeedAll();
    await writer.settled();
    expect(framesOfRecords(scripted)).toEqual([
      [
        ['next', 0, 'a'],
        ['next', 1, undefined],
        ['last', 2, { b: 1 }],
      ],
    ]);
    const [first, second] = decodeResponses(scripted.log[0]);
    expect(first).toMatchObject({ epoch: 7, attempt: 1, source: 'broker/i1' });
    expect(correlationIdOf(scripted.log[0])).toEqual(correlationId);
    expect(first.id).not.toBe(second.id);
  });

  it('one response is one record of its own kind', async () => {
    const { scripted, writer } = await setUpFrames();
    writer.write('all');
    writer.complete();
    await scripted.succeedAll();
    expect(frames(scripted)).toEqual([['last', 0, 'all']]);
  });

  it('the first value leaves at the end of its turn, and what comes then when that has come back', async () => {
    const { scripted, writer } = await setUpFrames();
    writer.write('a');
    await turn();
    expect(frames(scripted)).toEqual([['next', 0, 'a']]);
    for (const value of ['b', 'c']) {
      writer.write(value);
      await turn();
    }
    writer.complete();
    expect(scripted.sent).toHaveLength(1);
    await scripted.succeedAll();
    expect(framesOfRecords(scripted)).toEqual([
      [['next', 0, 'a']],
      [
        ['next', 1, 'b'],
        ['next', 2, 'c'],
        ['complete', 3],
      ],
    ]);
  });

  it('a record holds 500 responses at most', async () => {
    const { scripted, writer } = await setUpFrames();
    writeNumbers(writer, 1_001);
    writer.complete();
    await scripted.succeedAll();
    expect(placesOf(scripted).map(({ length }) => length)).toEqual([500, 500, 1]);
    expect(placesOf(scripted).flat()).toEqual(Array.from({ length: 1_001 }, (_, place) => place));
  });

  it('a record takes 200 kB at most; a response that takes more travels alone', async () => {
    const { scripted, writer } = await setUpFrames();
    for (const size of [1, 1, 250_000, 1, 90_000, 90_000, 90_000, 1]) writer.write('v'.repeat(size));
    writer.complete();
    await scripted.succeedAll();
    expect(placesOf(scripted)).toEqual([[0, 1], [2], [3, 4, 5], [6, 7]]);
  });

  it('the window counts responses', async () => {
    const { scripted, writer } = await setUpFrames({ window: 3 });
    writer.write('a');
    writer.write('b');
    expect(await isSettled(writer.ready())).toBe(true);
    writer.write('c');
    await turn();
    const ready = writer.ready();
    expect(await isSettled(ready)).toBe(false);
    await scripted.succeedAll();
    expect(await isSettled(ready)).toBe(true);
  });

  it('the buffer counts each response as if it had a record of its own', async () => {
    const { writer } = await setUpFrames({ bufferBytes: 100_000 });
    expect(() => writeNumbers(writer, 200)).toThrow(
      expect.objectContaining({ code: 'overloaded', message: expect.stringMatching(/^100 responses wait/) }),
    );
  });

  it('responses that are too large together are sent one by one, and in smaller records from then on', async () => {
    const { scripted, writer } = await setUpFrames();
    const value = 'v'.repeat(1_000);
    for (let count = 0; count < 20; count += 1) writer.write(value);
    await endAll(scripted, 5_000);
    expect(placesOf(scripted)).toEqual(Array.from({ length: 20 }, (_, place) => [place]));
    const sentBefore = scripted.sent.length;
    for (let count = 0; count < 20; count += 1) writer.write(value);
    writer.complete();
    await endAll(scripted, 5_000);
    await writer.settled();
    const places = placesOf(scripted);
    expect(places.flat()).toEqual(Array.from({ length: 40 }, (_, place) => place));
    expect(places.slice(20).every(({ length }) => length > 1)).toBe(true);
    expect(scripted.sent).toHaveLength(sentBefore + places.length - 20);
  });

  it('one that is too large takes none of those before it with it, and none behind it is written', async () => {
    const { scripted, cutoff, writer } = await setUpFrames();
    for (const size of [1, 1, 6_000, 1, 1]) writer.write('v'.repeat(size));
    await turn();
    writer.write('behind');
    await endAll(scripted, 5_000);
    expect(placesOf(scripted)).toEqual([[0], [1]]);
    expect(cutoff.aborted).toBe(true);
    expect(await writer.settled()).toBe(tooLarge);
    expect(writer.written).toBe(2);
  });

  it('none is written behind a record that the broker could not take', async () => {
    const { scripted, cutoff, writer } = await setUpFrames();
    writer.write('a');
    await turn();
    writer.write('b');
    writer.write('c');
    await turn();
    scripted.underWay[0].succeed();
    await turn();
    writer.write('d');
    await turn();
    scripted.underWay[0].fail(unavailable);
    writer.write('e');
    await turn();
    writer.write('f');
    writer.complete();
    expect(await writer.settled()).toBe(unavailable);
    await scripted.succeedAll();
    expect(framesOfRecords(scripted)).toEqual([[['next', 0, 'a']]]);
    expect(cutoff.aborted).toBe(true);
    expect(writer.written).toBe(1);
  });

  const anyStep = fc.oneof(
    { weight: 5, arbitrary: fc.record({ write: fc.integer({ min: 1, max: 9_000 }) }) },
    { weight: 2, arbitrary: fc.constant('turn' as const) },
    { weight: 1, arbitrary: fc.constantFrom('succeed' as const, 'refuse' as const) },
  );

  it('what is stored is the stream from its start, without a gap, whatever is refused', async () => {
    const limit = 8_000;
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), fc.boolean(), async (steps, acceptsFrames) => {
        const { scripted, writer } = await setUpFrames({ acceptsFrames });
        let wrote = 0;
        for (const step of steps) {
          if (step === 'turn') await turn();
          else if (step === 'succeed') await endAll(scripted, limit);
          else if (step === 'refuse') scripted.underWay[0]?.fail(unavailable);
          else {
            writer.write('v'.repeat(step.write));
            wrote += 1;
          }
        }
        writer.complete();
        const settled = writer.settled().then((failure) => failure === undefined);
        await endAll(scripted, limit);
        const stored = framesOfRecords(scripted).flat();
        const values = stored.filter(([kind]) => kind !== 'complete');
        expect(values.map(([, seq]) => seq)).toEqual(values.map((_, place) => place));
        expect(writer.written).toBe(values.length);
        expect(await settled).toBe(['last', 'complete'].includes(String(stored.at(-1)?.[0])));
        if (await settled) expect(values).toHaveLength(wrote);
      }),
      { numRuns: 60 },
    );
  });
});
