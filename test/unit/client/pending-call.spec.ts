import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AsyncCallResponse } from '../../../lib/client/async-call-response.js';
import { PendingCall } from '../../../lib/client/pending-call.js';
import { PendingCalls } from '../../../lib/client/pending-calls.js';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import type { ConsumerRecord } from '../../../lib/broker/record.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import { encodeResponse, type FrameBody } from '../../../lib/protocol/response.js';
import type { WireRecord } from '../../../lib/protocol/wire-record.js';

const stored = (record: WireRecord): ConsumerRecord => ({
  ...record,
  topic: 'caller.replies',
  partition: 0,
  offset: 0n,
  key: null,
  timestamp: 0,
});

interface Place {
  readonly seq?: number;
  readonly attempt?: number;
  readonly requestId?: string;
}

function frame(body: FrameBody, { seq = 0, attempt = 1, requestId = 'q-1' }: Place = {}): ConsumerRecord {
  const head = {
    id: `r-${seq}`,
    seq,
    epoch: 1,
    attempt,
    correlationId: Buffer.from(requestId),
    source: 'broker/i1',
  };
  return stored(encodeResponse({ ...body, ...head }, [['tenant', Buffer.from('bank')]]));
}

const next = (value: unknown, place?: Place) =>
  frame({ kind: 'next', payload: jsonSerializer.serialize(value) }, place);
const last = (value: unknown, place?: Place) =>
  frame({ kind: 'last', payload: jsonSerializer.serialize(value) }, place);

/** Remembers what a call tells. */
class Observed {
  readonly responses: AsyncCallResponse[] = [];
  readonly ends: unknown[] = [];

  next(response: AsyncCallResponse): void {
    this.responses.push(response);
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

function setUp({ timeoutMs = 1_000, requestId = 'q-1' } = {}) {
  const observed = new Observed();
  const call = new PendingCall({
    kind: 'request',
    requestId,
    target: 'broker/money',
    timeoutMs,
    serializer: jsonSerializer,
    observer: observed,
  });
  const over = jest.fn();
  call.onOver(over);
  call.leave();
  call.acknowledge();
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
    const about = { id: 'r-0', requestId: 'q-1', seq: 0, attempt: 1, service: 'broker', instance: 'i1' };
    expect(first).toEqual({ value: 'a', ...about });
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

describe('PendingCalls', () => {
  it('takes responses to their call, and forgets calls that are over', () => {
    const calls = new PendingCalls();
    const [first, second] = [setUp({ requestId: 'q-1' }), setUp({ requestId: 'q-2' })];
    calls.add(first.call);
    calls.add(second.call);
    calls.dispatch(last('for the second', { requestId: 'q-2' }));
    expect([first.observed.values, second.observed.values]).toEqual([[], ['for the second']]);
    expect(calls.size).toBe(1);
    calls.dispatch(next('too late', { requestId: 'q-2', seq: 1 }));
    expect(second.observed.values).toHaveLength(1);
  });

  it('passes over what belongs to nobody here, unread', () => {
    const calls = new PendingCalls();
    const { call, observed } = setUp();
    calls.add(call);
    calls.dispatch(next('other instance', { requestId: 'q-9' }));
    calls.dispatch(stored({ value: null, headers: [] }));
    expect([observed.values, observed.ends, calls.size]).toEqual([[], [], 1]);
  });

  it('passes nothing on after a call has timed out', () => {
    const calls = new PendingCalls();
    const { call, observed } = setUp({ timeoutMs: 5 });
    calls.add(call);
    jest.advanceTimersByTime(5);
    calls.dispatch(last('late'));
    expect([observed.values, observed.ends.length, calls.size]).toEqual([[], 1, 0]);
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
