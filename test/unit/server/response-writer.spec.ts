import { describe, expect, it } from '@jest/globals';
import { BatchingProducer } from '../../../lib/broker/batching-producer.js';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { partitionForKey } from '../../../lib/broker/partitioner.js';
import { TopicDirectory } from '../../../lib/broker/topic-directory.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import type { ReplyAddress } from '../../../lib/protocol/reply-address.js';
import { correlationIdOf, decodeResponse } from '../../../lib/protocol/response.js';
import { ResponseWriter } from '../../../lib/server/response-writer.js';
import { ScriptedProducer, turn } from '../support/scripted-producer.js';
import { StubAdmin, topicOf } from '../support/stub-admin.js';

const tooLarge = new BrokerError('payload-too-large', 'The record has 2 MB.');
const unavailable = new BrokerError('unavailable', 'no leader', { retriable: true });

const correlationId = Buffer.from('q-1');

interface Setting {
  readonly window?: number;
  readonly replyTo?: ReplyAddress;
  readonly attempt?: number;
}

async function setUp({ window = 10, replyTo = { topic: 'r', partition: 1 }, attempt = 1 }: Setting = {}) {
  const scripted = new ScriptedProducer();
  const controller = new AbortController();
  const writing = {
    producer: new BatchingProducer(scripted),
    directory: new TopicDirectory(new StubAdmin(topicOf('r', 6)).asAdmin),
    serializer: jsonSerializer,
    source: 'broker/i1',
    window,
    bufferBytes: 100_000,
  };
  const writer = await ResponseWriter.open(
    writing,
    { correlationId, replyTo },
    { epoch: 7, attempt },
    controller,
  );
  return { scripted, controller, writer };
}

/** The frames that were handed to the broker, each as its kind, place and value. */
function frames({ sent }: ScriptedProducer): unknown[][] {
  return sent
    .flatMap(({ records }) => records)
    .map((record) => {
      const frame = decodeResponse(record);
      if (frame.kind === 'complete') return [frame.kind, frame.seq];
      const content = frame.kind === 'error' ? frame.error.code : jsonSerializer.deserialize(frame.payload);
      return [frame.kind, frame.seq, content];
    });
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const done = () => (settled = true);
  promise.then(done, done);
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
    const { scripted, controller, writer } = await setUp();
    writer.write('a');
    await turn();
    scripted.underWay[0].succeed();
    writer.write('large');
    await turn();
    writer.write('behind');
    await turn();
    scripted.underWay[0].fail(tooLarge);
    await turn();
    expect(controller.signal.aborted).toBe(true);
    writer.write('later');
    writer.complete();
    await scripted.succeedAll();
    expect(frames(scripted).map(([kind, seq]) => [kind, seq])).toEqual([
      ['next', 0],
      ['next', 1],
    ]);
    expect(scripted.log).toHaveLength(1);
    await expect(writer.settled()).rejects.toBe(tooLarge);
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
    const { scripted, controller, writer } = await setUp();
    writer.write('a');
    await turn();
    writer.write('b');
    scripted.underWay[0].fail(unavailable);
    await turn();
    writer.write('c');
    writer.complete();
    const settled = writer.settled();
    await expect(settled).rejects.toBe(unavailable);
    expect(controller.signal.aborted).toBe(true);
    expect(frames(scripted)).toEqual([['next', 0, 'a']]);
  });
});

describe('when somebody else has aborted', () => {
  it('nothing more is written, also not what was held back', async () => {
    const { scripted, controller, writer } = await setUp();
    writer.write('held');
    controller.abort();
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
