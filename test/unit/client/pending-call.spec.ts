import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type AsyncCallResponse, responseOf } from '../../../lib/client/async-call-response.js';
import { type CallObserver, PendingCall } from '../../../lib/client/pending-call.js';
import type { OnRedelivery } from '../../../lib/client/call-options.js';
import { PendingCalls } from '../../../lib/client/pending-calls.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import { deferred } from '../support/deferred.js';
import { frame, frames, last, next, stored, valueFrame } from './response-records.js';

/** Remembers what a call tells. */
class Observed implements CallObserver {
  readonly responses: AsyncCallResponse[] = [];
  readonly ends: unknown[] = [];

  next(...[value, response, call]: Parameters<CallObserver['next']>): void {
    this.responses.push(responseOf(value, response, call));
  }

  error(error: unknown): void {
    this.ends.push(error);
  }

  complete(): void {
    this.ends.push('complete');
  }

  get values(): unknown[] {
    return this.responses.map(({ value }) => value);
  }
}

interface Given {
  readonly timeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly isInherited?: boolean;
  readonly onRedelivery?: OnRedelivery;
  readonly requestId?: string;
  readonly kind?: 'request' | 'one-way';
  readonly check?: (value: unknown) => unknown;
}

function setUp(given: Given = {}) {
  const { call, observed, over } = make(given);
  const giveUp = jest.fn();
  call.leave(giveUp);
  call.acknowledge();
  return { call, observed, over, giveUp };
}

/** A call that has not left. */
function make({
  timeoutMs = 1_000,
  idleTimeoutMs = Infinity,
  isInherited = false,
  onRedelivery = 'continue',
  requestId = 'q-1',
  kind = 'request',
  check,
}: Given) {
  const observed = new Observed();
  const call = new PendingCall({
    environment: systemEnvironment,
    kind,
    requestId,
    target: 'broker/money',
    limits: { timeoutMs, idleTimeoutMs, isInherited },
    onRedelivery,
    serializer: jsonSerializer,
    check,
    observer: observed,
  });
  const over = jest.fn();
  call.onOver(over);
  return { call, observed, over };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('PendingCall', () => {
  it('passes responses on with what travels beside them', () => {
    const { call, observed, over } = setUp();
    call.receive(next('a'));
    call.receive(last({ b: 1 }, { seq: 1, attempt: 2 }));
    expect(observed.values).toEqual(['a', { b: 1 }]);
    expect(observed.ends).toEqual(['complete']);
    expect(over).toHaveBeenCalledTimes(1);
    const [{ headers, ...first }] = observed.responses as [AsyncCallResponse];
    const about = { id: 'r-0', requestId: 'q-1', seq: 0, service: 'broker', instance: 'i1' };
    expect(first).toEqual({ value: 'a', delivery: 1, attempt: 1, ...about });
    expect(observed.responses[1]).toMatchObject({ delivery: 2, attempt: 2 });
    expect([...headers]).toEqual([['tenant', Buffer.from('bank')]]);
  });

  it('ends without a value', () => {
    const { call, observed } = setUp();
    call.receive(frame({ kind: 'complete' }));
    expect(observed).toMatchObject({ responses: [], ends: ['complete'] });
  });

  it('keeps a value apart from no value', () => {
    const { call, observed } = setUp();
    call.receive(next(null));
    call.receive(last(undefined, { seq: 1 }));
    expect(observed.values).toEqual([null, undefined]);
  });

  it('ends with the error of the service', () => {
    const { call, observed } = setUp();
    const error = new AsyncCallError('not-found', 'no money', { details: { asked: 7 } });
    call.receive(next(1));
    call.receive(frame({ kind: 'error', error }, { seq: 1 }));
    expect(observed.values).toEqual([1]);
    expect(observed.ends).toEqual([expect.any(AsyncCallError)]);
    expect(observed.ends[0]).toMatchObject({ code: 'not-found', message: 'no money', details: { asked: 7 } });
  });

  it('drops repeats, and fails at a gap', () => {
    const { call, observed } = setUp();
    for (const seq of [0, 0, 2]) call.receive(next(seq, { seq }));
    expect(observed.values).toEqual([0]);
    expect(observed.ends).toMatchObject([{ code: 'protocol-error' }]);
  });

  it('fails at a frame that cannot be decoded', () => {
    const { call, observed } = setUp();
    call.receive(stored({ value: null, headers: [] }));
    expect(observed.ends).toMatchObject([{ code: 'protocol-error' }]);
  });

  it('fails at a payload that cannot be read, and says whose', () => {
    const { call, observed } = setUp();
    const payload = { bytes: Buffer.from('{'), contentType: 'application/json' };
    call.receive(frame({ kind: 'last', payload }));
    expect(observed.ends).toEqual([expect.any(AsyncCallError)]);
    expect(observed.ends[0]).toMatchObject({
      code: 'protocol-error',
      message: expect.stringContaining('A response of broker/money cannot be read: The payload is not JSON'),
    });
  });

  it.each([
    ['none', []],
    ['one', [next('a')]],
    ['2', [next('a'), next('b', { seq: 1 })]],
  ])('times out, and says that %s came', (came, records) => {
    const { call, observed, over } = setUp({ timeoutMs: 50 });
    for (const record of records) call.receive(record);
    jest.advanceTimersByTime(49);
    expect(observed.ends).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(observed.ends).toMatchObject([
      {
        code: 'timeout',
        statusCode: 504,
        message: `broker/money did not end its responses within 50 ms; ${came} came (request q-1).`,
      },
    ]);
    expect(over).toHaveBeenCalledTimes(1);
  });

  it('has no timer after its end, or without a limit', () => {
    setUp().call.complete();
    const { call } = setUp({ timeoutMs: Infinity });
    expect(jest.getTimerCount()).toBe(0);
    expect(call.remainingMs).toBeUndefined();
  });

  it('knows what is left of its time, at least 1 ms', () => {
    const { call } = setUp({ timeoutMs: 1_000 });
    expect(call.remainingMs).toBe(1_000);
    jest.advanceTimersByTime(400);
    expect(call.remainingMs).toBe(600);
    jest.setSystemTime(Date.now() + 60_000);
    expect(call.remainingMs).toBe(1);
  });

  it('tells nothing more once it is cancelled', () => {
    const { call, observed, over } = setUp();
    call.cancel();
    call.fail(new Error('late'));
    call.complete();
    call.cancel();
    jest.runAllTimers();
    expect(call.isOver).toBe(true);
    expect(observed).toMatchObject({ responses: [], ends: [] });
    expect(over).toHaveBeenCalledTimes(1);
  });

  it('ends in one way only', () => {
    const { call, observed } = setUp();
    call.complete();
    call.fail(new Error('late'));
    jest.runAllTimers();
    expect(observed.ends).toEqual(['complete']);
  });

  it('may be cancelled by its observer while it is told', () => {
    const { call, observed } = setUp();
    observed.next = () => call.cancel();
    call.receive(last('a'));
    expect(observed.ends).toEqual([]);
  });
});

describe('a PendingCall that gets several responses in one record', () => {
  const [a, b, c, end] = [
    valueFrame('next', 'a'),
    valueFrame('next', 'b'),
    valueFrame('last', 'c'),
    valueFrame('last', 'z'),
  ];

  it('passes each on as if it had come alone', () => {
    const { call, observed, giveUp } = setUp();
    call.receive(frames([a, b]));
    call.receive(frames([c], { seq: 2 }));
    expect(observed.values).toEqual(['a', 'b', 'c']);
    expect(observed.ends).toEqual(['complete']);
    const seen = observed.responses.map(({ id, seq, requestId, instance }) => [id, seq, requestId, instance]);
    expect(seen).toEqual([
      ['r-0/0', 0, 'q-1', 'i1'],
      ['r-0/1', 1, 'q-1', 'i1'],
      ['r-2', 2, 'q-1', 'i1'],
    ]);
    expect(observed.responses[1].headers.get('tenant')).toBe('bank');
    expect(giveUp).not.toHaveBeenCalled();
  });

  it('goes on within one when the request is delivered again, and drops those of earlier deliveries', () => {
    const { call, observed } = setUp();
    call.receive(frames([a, b]));
    call.receive(
      frames([valueFrame('next', 'A'), valueFrame('next', 'B'), valueFrame('next', 'C')], { epoch: 2 }),
    );
    call.receive(frames([end], { seq: 2 }));
    call.receive(frames([b, { kind: 'complete' }], { seq: 2 }));
    call.receive(frames([valueFrame('last', 'D')], { epoch: 2, seq: 3 }));
    expect(observed.values).toEqual(['a', 'b', 'C', 'D']);
    expect(observed.ends).toEqual(['complete']);
  });

  it('fails at a gap between two records, and tells nothing of the later one', () => {
    const { call, observed, giveUp } = setUp();
    call.receive(frames([a, b]));
    call.receive(frames([a, c], { seq: 3 }));
    expect(observed.values).toEqual(['a', 'b']);
    expect(observed.ends).toMatchObject([{ code: 'protocol-error' }]);
    expect(giveUp).toHaveBeenCalledTimes(1);
  });

  it('may be left in the middle of the record', () => {
    const { call, observed, giveUp } = setUp();
    const told: unknown[] = [];
    observed.next = (value) => {
      told.push(value);
      if (told.length === 2) call.cancel();
    };
    call.receive(frames([a, b, valueFrame('next', 'c'), end]));
    expect(told).toEqual(['a', 'b']);
    expect(observed.ends).toEqual([]);
    expect(giveUp).toHaveBeenCalledTimes(1);
  });

  it('fails at the value that cannot be read, behind those that can', () => {
    const { call, observed } = setUp();
    const unreadable = { bytes: Buffer.from('{'), contentType: 'application/json' };
    call.receive(frames([a, { kind: 'next', payload: unreadable }, c]));
    expect(observed.values).toEqual(['a']);
    expect(observed.ends).toMatchObject([{ code: 'protocol-error' }]);
  });

  it('fails at a record that cannot be read, and tells nothing of it', () => {
    const { call, observed } = setUp();
    const record = frames([a, b]);
    call.receive({ ...record, value: record.value!.subarray(0, -1) });
    expect(observed.values).toEqual([]);
    expect(observed.ends).toMatchObject([
      { code: 'protocol-error', message: 'A frame is longer than its record.' },
    ]);
  });
});

describe('a PendingCall whose request is delivered again', () => {
  const twice = [
    next('a'),
    next('b', { seq: 1 }),
    next('A', { epoch: 2 }),
    next('z', { seq: 2 }),
    next('B', { epoch: 2, seq: 1 }),
    last('C', { epoch: 2, seq: 2 }),
  ];

  it.each<[OnRedelivery, unknown[], unknown]>([
    ['continue', ['a', 'b', 'C'], 'complete'],
    ['restart', ['a', 'b', 'A', 'B', 'C'], 'complete'],
    ['fail', ['a', 'b'], expect.objectContaining({ code: 'interrupted' })],
  ])('is told %s', (onRedelivery, values, end) => {
    const { call, observed, giveUp } = setUp({ onRedelivery });
    for (const record of twice) call.receive(record);
    expect(observed.values).toEqual(values);
    expect(observed.ends).toEqual([end]);
    expect(observed.responses.map(({ delivery }) => delivery)).toEqual(
      values.map((value) => (value === 'a' || value === 'b' ? 1 : 2)),
    );
    expect(giveUp).toHaveBeenCalledTimes(onRedelivery === 'fail' ? 1 : 0);
  });
});

describe('the idle timeout of a PendingCall', () => {
  it('counts from the start, and again from each response', () => {
    const { call, observed, giveUp } = setUp({ idleTimeoutMs: 100 });
    jest.advanceTimersByTime(99);
    call.receive(next('a'));
    jest.advanceTimersByTime(99);
    call.receive(next('b', { seq: 1 }));
    call.receive(next('b', { seq: 1 }));
    jest.advanceTimersByTime(99);
    expect(observed.ends).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(observed.ends).toMatchObject([
      {
        code: 'timeout',
        message: 'broker/money sent no response for 100 ms, the idle timeout; 2 came (request q-1).',
      },
    ]);
    expect(giveUp).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('takes what an earlier delivery still writes for no sign of life', () => {
    const { call, observed } = setUp({ idleTimeoutMs: 100 });
    call.receive(next('a', { epoch: 2 }));
    jest.advanceTimersByTime(60);
    call.receive(next('b', { seq: 1 }));
    jest.advanceTimersByTime(40);
    expect(observed.ends).toMatchObject([{ code: 'timeout', message: expect.stringContaining('idle') }]);
  });

  it('is one timer, and none where the other is over first', () => {
    const { call } = setUp({ idleTimeoutMs: 100 });
    for (let seq = 0; seq < 5; seq += 1) call.receive(next(seq, { seq }));
    expect(jest.getTimerCount()).toBe(2);
    call.cancel();
    expect(jest.getTimerCount()).toBe(0);
    setUp({ idleTimeoutMs: 1_000 });
    expect(jest.getTimerCount()).toBe(1);
  });

  it('works without the other', () => {
    const { observed } = setUp({ timeoutMs: Infinity, idleTimeoutMs: 100 });
    jest.advanceTimersByTime(100);
    expect(observed.ends).toMatchObject([{ code: 'timeout', message: expect.stringContaining('none came') }]);
  });

  it('says what has not happened by then', () => {
    const { call, observed } = make({ idleTimeoutMs: 100 });
    jest.advanceTimersByTime(100);
    expect(call.hasLeft).toBe(false);
    expect(observed.ends).toMatchObject([
      {
        message:
          'The call of broker/money was not sent: ' +
          'the broker could not be reached within 100 ms, the idle timeout.',
      },
    ]);
  });
});

describe('a PendingCall that is given up', () => {
  const error = new AsyncCallError('conflict', 'no');
  const unreadable = { bytes: Buffer.from('{'), contentType: 'application/json' };

  it.each<[string, Given, (call: PendingCall) => void]>([
    ['by its caller', {}, (call) => call.cancel()],
    ['by its caller, after a value', {}, (call) => (call.receive(next(1)), call.cancel())],
    ['at its idle timeout', { idleTimeoutMs: 10 }, () => jest.advanceTimersByTime(10)],
    ['because a response is missing', {}, (call) => call.receive(next(1, { seq: 1 }))],
    [
      'because a value cannot be read',
      {},
      (call) => call.receive(frame({ kind: 'next', payload: unreadable })),
    ],
    ['because a frame cannot be decoded', {}, (call) => call.receive(stored({ value: null, headers: [] }))],
    ['because its client is closed', {}, (call) => call.close()],
    ['because replies are not read any more', {}, (call) => call.fail(error)],
  ])('%s tells the service, once', (_, given, end) => {
    const { call, giveUp } = setUp(given);
    expect(giveUp).not.toHaveBeenCalled();
    end(call);
    call.cancel();
    expect(call.isOver).toBe(true);
    expect(giveUp).toHaveBeenCalledTimes(1);
  });

  it.each<[string, (call: PendingCall, observed: Observed) => void]>([
    ['has ended well', (call) => call.receive(last(1))],
    ['has ended without a value', (call) => call.receive(frame({ kind: 'complete' }))],
    ['has ended with an error', (call) => call.receive(frame({ kind: 'error', error }))],
    [
      'has ended with a value that cannot be read',
      (call) => call.receive(frame({ kind: 'last', payload: unreadable })),
    ],
    [
      'is left at its last value',
      (call, observed) => {
        observed.next = () => call.cancel();
        call.receive(last(1));
      },
    ],
    ['has timed out: the service knows', () => jest.advanceTimersByTime(1_000)],
    ['was refused by the broker', (call) => call.refuse(error)],
  ])('tells nobody if it %s', (_, end) => {
    const { call, observed, giveUp } = setUp();
    end(call, observed);
    call.cancel();
    expect(call.isOver).toBe(true);
    expect(giveUp).not.toHaveBeenCalled();
  });

  it('says whose time it had when it times out', () => {
    const { observed } = setUp({ timeoutMs: 40, isInherited: true });
    jest.advanceTimersByTime(40);
    expect(observed.ends).toMatchObject([
      {
        message:
          'broker/money did not end its responses within 40 ms, ' +
          'the time that was left to the handler that made the call; none came (request q-1).',
      },
    ]);
  });
});

describe('a PendingCall whose values are checked', () => {
  const settled = () => jest.advanceTimersByTimeAsync(0);
  /** Checks `slow` when the test says, refuses `bad`, and marks all others. */
  function setUpChecked(given: Given = {}) {
    const slow = deferred<string>();
    const check = (value: unknown) => {
      if (value === 'bad') throw new AsyncCallError('protocol-error', 'bad');
      return value === 'slow' ? slow.promise : `checked ${String(value)}`;
    };
    return { ...setUp({ ...given, check }), slow };
  }

  it('passes on what the check makes of them, at once if it can', () => {
    const { call, observed } = setUpChecked();
    call.receive(next('a'));
    call.receive(last('b', { seq: 1 }));
    expect(observed.values).toEqual(['checked a', 'checked b']);
    expect(observed.ends).toEqual(['complete']);
  });

  it('keeps values, and the error of the service, behind one that takes time', async () => {
    const { call, observed, slow } = setUpChecked();
    call.receive(next('slow'));
    call.receive(next('a', { seq: 1 }));
    call.receive(frame({ kind: 'error', error: new AsyncCallError('conflict', 'no') }, { seq: 2 }));
    await settled();
    expect([observed.values, observed.ends]).toEqual([[], []]);
    slow.resolve('checked slow');
    await settled();
    expect(observed.values).toEqual(['checked slow', 'checked a']);
    expect(observed.ends).toMatchObject([{ code: 'conflict' }]);
  });

  it('fails with what the check throws, and gives up', () => {
    const { call, observed, giveUp } = setUpChecked();
    call.receive(next('a'));
    call.receive(next('bad', { seq: 1 }));
    call.receive(next('b', { seq: 2 }));
    expect(observed.values).toEqual(['checked a']);
    expect(observed.ends).toMatchObject([{ code: 'protocol-error' }]);
    expect(giveUp).toHaveBeenCalledTimes(1);
  });

  it('fails with an error of ours where the check itself is broken', () => {
    const { call, observed } = setUp({
      check: () => {
        throw new RangeError('broken');
      },
    });
    call.receive(next('a'));
    expect(observed.ends).toMatchObject([{ code: 'internal', message: 'broken' }]);
    expect(observed.ends[0]).toBeInstanceOf(AsyncCallError);
  });

  it('goes on when the check of its request has ended well, unless it is over', async () => {
    const [first, second, third] = [setUp(), setUp(), setUp()];
    const goOn = jest.fn();
    first.call.whenChecked(Promise.resolve(), goOn);
    await settled();
    expect(goOn).toHaveBeenCalledTimes(1);
    second.call.whenChecked(Promise.reject(new Error('no')), goOn);
    third.call.whenChecked(Promise.resolve(), goOn);
    third.call.cancel();
    await settled();
    expect(goOn).toHaveBeenCalledTimes(1);
    expect([second, third].map(({ observed }) => observed.ends)).toMatchObject([[{ code: 'internal' }], []]);
  });

  it('times out while a check takes time, but not for want of a response once the last has come', async () => {
    const { call, observed, slow, giveUp } = setUpChecked({ timeoutMs: 1_000, idleTimeoutMs: 100 });
    call.receive(last('slow'));
    jest.advanceTimersByTime(999);
    expect(observed.ends).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(observed.ends).toMatchObject([{ code: 'timeout' }]);
    slow.resolve('late');
    await settled();
    expect([observed.values, observed.ends.length]).toEqual([[], 1]);
    expect(giveUp).not.toHaveBeenCalled();
  });

  it('takes nothing more behind the end, though a check still takes time', async () => {
    const { call, observed, slow } = setUpChecked({ onRedelivery: 'fail' });
    call.receive(last('slow'));
    call.receive(next('a', { epoch: 2 }));
    slow.resolve('checked slow');
    await settled();
    expect(observed.values).toEqual(['checked slow']);
    expect(observed.ends).toEqual(['complete']);
  });

  it('says which delivery a value came with, though another one counts by then', async () => {
    const { call, observed, slow } = setUpChecked({ onRedelivery: 'restart' });
    call.receive(next('slow'));
    call.receive(last('a', { epoch: 2 }));
    slow.resolve('checked slow');
    await settled();
    expect(observed.responses).toMatchObject([
      { value: 'checked slow', delivery: 1 },
      { value: 'checked a', delivery: 2 },
    ]);
  });

  it('passes them on in the async context that the call was made in', async () => {
    const storage = new AsyncLocalStorage<string>();
    const contexts: unknown[] = [];
    const { call, observed, slow } = storage.run('of the call', () => setUpChecked());
    observed.next = observed.complete = () => void contexts.push(storage.getStore());
    storage.run('of the reader', () => call.receive(last('slow')));
    slow.resolve('checked slow');
    await settled();
    expect(contexts).toEqual(['of the call', 'of the call']);
  });
});

describe('the observer of a PendingCall', () => {
  it('is told in the async context that the call was made in', () => {
    const storage = new AsyncLocalStorage<string>();
    const contexts: unknown[] = [];
    const calls = ['of the first', 'of the second'].map((context) =>
      storage.run(context, () => {
        const { call, observed } = setUp();
        observed.next = observed.complete = observed.error = () => void contexts.push(storage.getStore());
        return call;
      }),
    );
    const [first, second] = calls as [PendingCall, PendingCall];
    storage.run('of the reader', () => {
      first.receive(next(1));
      second.receive(last(1));
      first.fail(new Error());
    });
    expect(contexts).toEqual(['of the first', 'of the second', 'of the second', 'of the first']);
  });
});

describe('PendingCalls', () => {
  it('finds a call until it is over', () => {
    const calls = new PendingCalls();
    const [first, second] = [setUp({ requestId: 'q-1' }), setUp({ requestId: 'q-2' })];
    calls.add(first.call);
    calls.add(second.call);
    expect([calls.get('q-1'), calls.get('q-2'), calls.size]).toEqual([first.call, second.call, 2]);
    second.call.receive(last('end', { requestId: 'q-2' }));
    first.call.cancel();
    expect([calls.get('q-1'), calls.get('q-2'), calls.size]).toEqual([undefined, undefined, 0]);
  });

  it('fails all, each with an error of its own', () => {
    const calls = new PendingCalls();
    const all = ['q-1', 'q-2', 'q-3'].map((requestId) => setUp({ requestId }));
    for (const { call } of all) calls.add(call);
    calls.failAll(() => new AsyncCallError('closed', 'bye'));
    const errors = all.flatMap(({ observed }) => observed.ends);
    expect(errors).toHaveLength(3);
    expect(new Set(errors).size).toBe(3);
    expect(calls.size).toBe(0);
  });
});
