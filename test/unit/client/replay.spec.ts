import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import { replay, type ReplayOptions } from '../../../lib/client/replay.js';
import { eventAt, ScriptedReading, TOPIC } from './scripted-reading.js';

const ALL = ['admin', 'consumer'];
const MIB = 1_024 * 1_024;

/** A replay of a topic with so many offsets in each partition; `took` is what was taken of it. */
function setUp(ends: readonly number[], options: ReplayOptions = {}) {
  const reading = new ScriptedReading(ends);
  const events = replay<number>(reading.options, TOPIC, options);
  const took: number[] = [];
  const take = async (count = Number.POSITIVE_INFINITY) => {
    for (let left = count; left > 0; left -= 1) {
      const { done, value } = await events.next();
      if (done) return 'end';
      took.push(value.value);
    }
    return 'more';
  };
  return { reading, events, took, take };
}

const from = (first: number, count: number, place?: { partition?: number; bytes?: number }) =>
  Array.from({ length: count }, (_, index) => eventAt(first + index, place));

/** Lets all that is ready happen. */
const settle = () => jest.advanceTimersByTimeAsync(0);

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('replay', () => {
  it('reads each partition that holds something, and brings it as it comes', async () => {
    const { reading, take, took } = setUp([2, 0, 2]);
    const taking = take();
    expect(await reading.ranges).toMatchObject([
      { partition: 0, start: 0n },
      { partition: 2, start: 0n },
    ]);
    reading.bring(...from(0, 2, { partition: 2 }));
    reading.bring(...from(0, 2));
    expect(await taking).toBe('end');
    expect(took).toEqual([0, 1, 0, 1]);
    expect(reading.closed.toSorted()).toEqual(ALL);
  });

  it('asks nobody to read where nothing is', async () => {
    const { reading, take, took } = setUp([0, 0]);
    expect(await take()).toBe('end');
    expect(took).toEqual([]);
    expect(reading.closed.toSorted()).toEqual(ALL);
  });

  it('does nothing before somebody iterates', () => {
    const { reading } = setUp([1]);
    expect([reading.flow, reading.closed]).toEqual([[], []]);
  });

  it('leaves out what came after it began, and reads that partition no further', async () => {
    const { reading, take, took } = setUp([2, 1]);
    const taking = take();
    await reading.ranges;
    await settle();
    reading.bring(...from(0, 5));
    expect(reading.flow).toEqual(['pause 0']);
    reading.bring(...from(5, 5));
    reading.bring(eventAt(0, { partition: 1 }));
    expect(await taking).toBe('end');
    expect(took).toEqual([0, 1, 0]);
    expect(reading.flow).not.toContain('resume 0');
  });

  it('pauses a partition while a thousand events wait, and goes on when half of them are taken', async () => {
    const { reading, take, took } = setUp([3_000]);
    const first = take(1);
    await reading.ranges;
    await settle();
    reading.bring(...from(0, 999));
    await first;
    expect(reading.flow).toEqual([]);
    reading.bring(...from(999, 2));
    expect(reading.flow).toEqual(['pause 0']);
    await take(500);
    expect(reading.flow).toEqual(['pause 0']);
    await take(1);
    expect(reading.flow).toEqual(['pause 0', 'resume 0']);
    reading.bring(...from(1_001, 1_999));
    expect(await take()).toBe('end');
    expect(took).toEqual(Array.from({ length: 3_000 }, (_, index) => index));
  });

  it('pauses a partition while large events wait, however few', async () => {
    const { reading, take } = setUp([100]);
    const first = take(1);
    await reading.ranges;
    await settle();
    reading.bring(...from(0, 15, { bytes: MIB }));
    await first;
    expect(reading.flow).toEqual([]);
    reading.bring(...from(15, 2, { bytes: MIB }));
    expect(reading.flow).toEqual(['pause 0']);
    await take(8);
    expect(reading.flow).toEqual(['pause 0']);
    await take(1);
    expect(reading.flow).toEqual(['pause 0', 'resume 0']);
  });

  it('ends though the last offsets hold no event, as behind a transaction', async () => {
    const { reading, take, took } = setUp([3, 1]);
    const taking = take();
    await reading.ranges;
    reading.bring(...from(0, 2));
    reading.positions.set(0, 2n).set(1, 1n);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(reading.closed).toEqual([]);
    reading.positions.set(0, 3n);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await taking).toBe('end');
    expect(took).toEqual([0, 1]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('takes what waits before it ends', async () => {
    const { reading, take, took } = setUp([3]);
    const first = take(1);
    await reading.ranges;
    reading.bring(...from(0, 2));
    reading.positions.set(0, 3n);
    await first;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await take()).toBe('end');
    expect(took).toEqual([0, 1]);
  });

  it.each([
    ['its reason', new BrokerError('authorization-failed', 'no ACL'), /no ACL/],
    ['no reason', undefined, /reader of events has stopped/],
  ])('fails where the consumer does, with %s', async (_, error, message) => {
    const { reading, take } = setUp([2]);
    const taking = take();
    await reading.ranges;
    await settle();
    reading.bring(eventAt(0));
    reading.fail(error);
    await expect(taking).rejects.toThrow(message);
    expect(reading.closed.toSorted()).toEqual(ALL);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('fails where the consumer cannot be positioned', async () => {
    const { reading, take } = setUp([1]);
    reading.assigning = Promise.reject(new BrokerError('unknown-topic', 'it was deleted'));
    await expect(take()).rejects.toThrow('it was deleted');
    expect(reading.closed.toSorted()).toEqual(ALL);
  });

  it('keeps trying while the broker is away', async () => {
    const { reading, take } = setUp([1]);
    reading.isAway = true;
    const taking = take();
    await jest.advanceTimersByTimeAsync(60_000);
    reading.isAway = false;
    await jest.advanceTimersByTimeAsync(1_000);
    await reading.ranges;
    reading.bring(eventAt(0));
    expect(await taking).toBe('end');
  });

  it.each<[string, (reading: ScriptedReading) => void]>([
    ['while it waits for the broker', (reading) => void (reading.isAway = true)],
    [
      'while the consumer is positioned',
      (reading) => void (reading.assigning = new Promise(() => undefined)),
    ],
    ['while it waits for an event', () => undefined],
  ])('ends with the reason of its signal %s', async (_, prepare) => {
    const stop = new AbortController();
    const { reading, take } = setUp([1], { signal: stop.signal });
    prepare(reading);
    const taking = take();
    await jest.advanceTimersByTimeAsync(10);
    stop.abort(new Error('enough'));
    await expect(taking).rejects.toThrow('enough');
    expect(reading.closed.toSorted()).toEqual(ALL);
  });

  it('ends with the reason of a signal that comes between two steps of its beginning', async () => {
    const stop = new AbortController();
    const { reading, take } = setUp([1], { signal: stop.signal });
    reading.assigning = new Promise(() => undefined);
    const taking = take();
    stop.abort(new Error('enough'));
    await expect(taking).rejects.toThrow('enough');
  });

  it('opens nothing for a signal that was given before', async () => {
    const { reading, take } = setUp([1], { signal: AbortSignal.abort(new Error('enough')) });
    await expect(take()).rejects.toThrow('enough');
    expect(reading.closed).toEqual([]);
  });

  it('closes all when its loop is left, whatever fails at that', async () => {
    const { reading, take, events } = setUp([2]);
    reading.closeFault = new Error('the socket is gone');
    const taking = take(1);
    await reading.ranges;
    reading.bring(...from(0, 2));
    await taking;
    expect(await events.return()).toEqual({ done: true, value: undefined });
    expect(reading.closed.toSorted()).toEqual(ALL);
    expect(jest.getTimerCount()).toBe(0);
  });
});
