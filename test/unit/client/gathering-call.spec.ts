import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { OnRedelivery } from '../../../lib/client/call-options.js';
import { GatheringCall } from '../../../lib/client/gathering-call.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { HEADER } from '../../../lib/protocol/header-names.js';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import { frame, frames, last, next, valueFrame } from './response-records.js';

const COMPLETE = { kind: 'complete' } as const;

function setUp({
  timeoutMs = 1_000,
  onRedelivery = 'continue',
}: { timeoutMs?: number; onRedelivery?: OnRedelivery } = {}) {
  const seen: string[] = [];
  const ofWhole: unknown[] = [];
  const say = (what: string, error?: unknown) => {
    seen.push(error instanceof AsyncCallError ? `${what} with ${error.code}` : what);
  };
  const call = new GatheringCall(
    {
      environment: systemEnvironment,
      kind: 'request',
      requestId: 'q-1',
      target: 'offers-wanted',
      limits: { timeoutMs, idleTimeoutMs: Number.POSITIVE_INFINITY, isInherited: false },
      onRedelivery,
      serializer: jsonSerializer,
      observer: {
        next: (value) => ofWhole.push(value),
        error: (error) => ofWhole.push((error as AsyncCallError).code),
        complete: () => ofWhole.push('complete'),
      },
    },
    {
      next: (service, { value, seq, delivery }) => say(`${service}#${delivery}.${seq}: ${String(value)}`),
      ended: (service, error) => say(`${service} ended`, error),
    },
  );
  return { call, seen, ofWhole };
}

const [a, b] = [{ source: 'a/i1' }, { source: 'b/i1' }];

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('GatheringCall', () => {
  it('keeps the streams of the services apart', () => {
    const { call, seen, ofWhole } = setUp();
    call.receive(next(1, a));
    call.receive(last('one', b));
    call.receive(frames([valueFrame('next', 2), COMPLETE], { ...a, seq: 1 }));
    expect(seen).toEqual(['a#1.0: 1', 'b#1.0: one', 'b ended', 'a#1.1: 2', 'a ended']);
    expect(ofWhole).toEqual([]);
  });

  it('is no end of the whole when all streams that it knows have ended', () => {
    const { call } = setUp();
    call.receive(frame(COMPLETE, a));
    expect(call.isOver).toBe(false);
  });

  it('passes each place of a stream on once, whichever instance of the service writes it', () => {
    const { call, seen } = setUp();
    call.receive(next(1, a));
    call.receive(next(1, a));
    call.receive(next(1, { source: 'a/i2', epoch: 2 }));
    call.receive(last(2, { source: 'a/i2', epoch: 2, seq: 1 }));
    expect(seen).toEqual(['a#1.0: 1', 'a#2.1: 2', 'a ended']);
  });

  it('begins the stream of one service anew where that is wanted, and no other', () => {
    const { call, seen } = setUp({ onRedelivery: 'restart' });
    call.receive(next(1, a));
    call.receive(next('one', b));
    call.receive(next(1, { ...a, attempt: 2 }));
    call.receive(last('two', { ...b, seq: 1 }));
    expect(seen).toEqual(['a#1.0: 1', 'b#1.0: one', 'a#2.0: 1', 'b#1.1: two', 'b ended']);
  });

  it('ends the stream of one service at a redelivery where that is to fail, and no other', () => {
    const { call, seen } = setUp({ onRedelivery: 'fail' });
    call.receive(next(1, a));
    call.receive(next('one', b));
    call.receive(next(1, { ...a, attempt: 2 }));
    call.receive(last(2, { ...a, attempt: 2, seq: 1 }));
    call.receive(last('two', { ...b, seq: 1 }));
    expect(seen).toEqual(['a#1.0: 1', 'b#1.0: one', 'a ended with interrupted', 'b#1.1: two', 'b ended']);
  });

  it('passes over what an instance still writes that has lost the event', () => {
    const { call, seen } = setUp();
    call.receive(next(1, { source: 'a/i2', epoch: 2 }));
    call.receive(last('stale', { ...a, seq: 1 }));
    expect(seen).toEqual(['a#1.0: 1']);
  });

  it.each<[string, () => ReturnType<typeof next>]>([
    ['a payload that is no JSON', () => ({ ...next(1, a), value: Buffer.from('{') })],
    ['a place that is missing', () => next(1, { ...a, seq: 3 })],
    [
      'a kind that there is not',
      () => {
        const record = next(1, a);
        const headers = record.headers.filter(([name]) => name !== HEADER.kind);
        return { ...record, headers: [...headers, [HEADER.kind, Buffer.from('nonsense')]] };
      },
    ],
  ])('ends the stream of a service that writes %s, and no other', (_, wrong) => {
    const { call, seen, ofWhole } = setUp();
    call.receive(wrong());
    call.receive(last('one', b));
    expect(seen).toEqual(['a ended with protocol-error', 'b#1.0: one', 'b ended']);
    expect(ofWhole).toEqual([]);
  });

  it('takes those who do not say who they are for one', () => {
    const { call, seen } = setUp();
    const record = last(1, a);
    call.receive({ ...record, headers: record.headers.filter(([name]) => name !== HEADER.source) });
    expect(seen).toEqual(['#1.0: 1', ' ended']);
  });

  it('tells its owner, not the services, when its time is over, and takes nothing more', () => {
    const { call, seen, ofWhole } = setUp();
    call.receive(next(1, a));
    jest.advanceTimersByTime(1_000);
    expect(ofWhole).toEqual(['timeout']);
    call.receive(last(2, { ...a, seq: 1 }));
    call.receive(last('one', b));
    expect(seen).toEqual(['a#1.0: 1']);
  });

  it('has one timer, however many answer, and leaves none behind', () => {
    const { call } = setUp();
    call.receive(next(1, a));
    call.receive(next('one', b));
    expect(jest.getTimerCount()).toBe(1);
    call.cancel();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is stored when the broker says so, or when somebody answers', () => {
    const [acknowledged, answered] = [setUp().call, setUp().call];
    expect([acknowledged.isStored, answered.isStored]).toEqual([false, false]);
    acknowledged.acknowledge();
    answered.receive(next(1, a));
    expect([acknowledged.isStored, answered.isStored]).toEqual([true, true]);
  });
});
