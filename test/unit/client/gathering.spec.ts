import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Observable } from 'rxjs';
import type { AsyncCallResponse } from '../../../lib/client/async-call-response.js';
import type { Gathered, GatherRules } from '../../../lib/client/gather-options.js';
import { Gathering } from '../../../lib/client/gathering.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';

const response = (value: unknown) => ({ value, seq: 0 }) as AsyncCallResponse;

/** What an item says, in short. */
function inShort(item: Gathered): string {
  if (item.kind === 'response') return `${item.from}: ${String(item.value)}`;
  if (item.kind === 'failure') return `${item.from} failed: ${item.error.message}`;
  const values = item.responses.map(({ value }) => value);
  const failed = item.failures.map(({ from }) => from);
  return `end by ${item.reason}: [${values.join()}] failed [${failed.join()}] unfinished [${item.unfinished.join()}]`;
}

function setUp(asked: readonly string[], rules: GatherRules = {}) {
  const seen: string[] = [];
  let gathering!: Gathering<unknown>;
  const subscription = new Observable<Gathered>((subscriber) => {
    gathering = new Gathering(asked, rules, subscriber, systemEnvironment);
    return () => gathering.stop();
  }).subscribe({
    next: (item) => seen.push(inShort(item)),
    error: (error: Error) => seen.push(`error: ${error.message}`),
    complete: () => seen.push('complete'),
  });
  const next = (from: string, value: unknown) => gathering.next(from, response(value));
  return { gathering, subscription, seen, next };
}

/** Lets what was put off to the end of this turn happen. */
const endOfTurn = () => Promise.resolve();

// What is put off to the end of a turn is no matter of time.
beforeEach(() => void jest.useFakeTimers({ doNotFake: ['queueMicrotask'] }));
afterEach(() => void jest.useRealTimers());

describe('Gathering', () => {
  it('ends when the streams of all have ended, well or not', () => {
    const { gathering, seen, next } = setUp(['a', 'b']);
    next('a', 1);
    gathering.ended('a');
    next('b', 2);
    gathering.ended('b', new AsyncCallError('conflict', 'sold'));
    expect(seen).toEqual([
      'a: 1',
      'b: 2',
      'b failed: sold',
      'end by all: [1,2] failed [b] unfinished []',
      'complete',
    ]);
  });

  it('takes a stream that ends twice, or that nobody asked for, for none of those it waits for', () => {
    const { gathering, seen } = setUp(['a', 'b']);
    gathering.ended('a');
    gathering.ended('a');
    gathering.ended('stranger');
    expect(seen).toEqual([]);
    gathering.ended('b');
    expect(seen).toEqual(['end by all: [] failed [] unfinished []', 'complete']);
  });

  it('ends by its rules alone where it is not known who is asked', () => {
    const { gathering, seen, next } = setUp([], { withinMs: 100 });
    next('a', 1);
    gathering.ended('a');
    expect(seen).toEqual(['a: 1']);
    jest.advanceTimersByTime(100);
    expect(seen.slice(1)).toEqual(['end by time: [1] failed [] unfinished []', 'complete']);
  });

  it('makes of whatever a stream has failed with a typed error', () => {
    const { gathering, seen } = setUp(['a', 'b']);
    gathering.ended('a', new TypeError('oh'));
    expect(seen).toEqual([expect.stringContaining('a failed: ')]);
  });

  it('takes nothing of what comes behind the last response that it wants', async () => {
    const { seen, next } = setUp(['a', 'b'], { count: 2 });
    for (const value of [1, 2, 3]) next('a', value);
    await endOfTurn();
    expect(seen).toEqual(['a: 1', 'a: 2', 'end by count: [1,2] failed [] unfinished [a,b]', 'complete']);
  });

  it('does not call unfinished who has ended with the response that was enough', async () => {
    const { gathering, seen, next } = setUp(['a', 'b'], { count: 1 });
    next('a', 1);
    gathering.ended('a');
    await endOfTurn();
    expect(seen).toContain('end by count: [1] failed [] unfinished [b]');
  });

  it.each<[string, GatherRules, string]>([
    ['the count before the predicate', { count: 1, when: () => true }, 'count'],
    ['the predicate before the end of all', { when: () => true }, 'when'],
    ['the count before the end of all', { count: 1 }, 'count'],
    ['the end of all before the time', { withinMs: 1 }, 'all'],
  ])('names, of two reasons at once, %s', async (_, rules, reason) => {
    const { gathering, seen, next } = setUp(['a'], rules);
    next('a', 1);
    gathering.ended('a');
    await endOfTurn();
    jest.advanceTimersByTime(1);
    expect(seen).toEqual(['a: 1', `end by ${reason}: [1] failed [] unfinished []`, 'complete']);
  });

  it('asks its predicate at each response, with all that have come', async () => {
    const asked: unknown[][] = [];
    const when: GatherRules['when'] = (responses) => {
      asked.push(responses.map(({ from, value }) => [from, value]));
      return responses.length === 2;
    };
    const { gathering, seen, next } = setUp(['a', 'b', 'c'], { when });
    next('a', 1);
    gathering.ended('b', new Error('no'));
    next('c', 2);
    await endOfTurn();
    expect(asked).toEqual([
      [['a', 1]],
      [
        ['a', 1],
        ['c', 2],
      ],
    ]);
    expect(seen).toContain('end by when: [1,2] failed [b] unfinished [a,c]');
  });

  it('fails with what its predicate throws, once', async () => {
    const when = () => {
      throw new RangeError('not a number');
    };
    const { gathering, seen, next } = setUp(['a'], { when, withinMs: 10 });
    next('a', 1);
    next('a', 2);
    gathering.ended('a');
    await endOfTurn();
    expect(seen).toEqual(['a: 1', 'error: not a number']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('says nothing after its end', async () => {
    const { gathering, seen, next } = setUp(['a', 'b'], { count: 3, withinMs: 10 });
    next('a', 1);
    jest.advanceTimersByTime(10);
    const before = [...seen];
    expect(before).toEqual(['a: 1', 'end by time: [1] failed [] unfinished [a,b]', 'complete']);
    next('b', 2);
    gathering.ended('a', new Error('late'));
    gathering.ended('b');
    gathering.end('all');
    await endOfTurn();
    expect(seen).toEqual(before);
  });

  it('asks and says nothing more when its subscriber leaves in the middle', async () => {
    const when = jest.fn(() => true);
    const { subscription, gathering, seen, next } = setUp(['a'], { when, withinMs: 10 });
    subscription.unsubscribe();
    next('a', 1);
    gathering.ended('a');
    await endOfTurn();
    expect([seen, when.mock.calls]).toEqual([[], []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each<[string, (set: ReturnType<typeof setUp>) => unknown]>([
    ['all have ended', ({ gathering }) => gathering.ended('a')],
    ['there are enough', ({ next }) => next('a', 1)],
    ['its subscriber has left', ({ subscription }) => subscription.unsubscribe()],
  ])('leaves no timer behind when %s', async (_, act) => {
    const set = setUp(['a'], { count: 1, withinMs: 10_000 });
    expect(jest.getTimerCount()).toBe(1);
    act(set);
    await endOfTurn();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('has no timer where there is no time', () => {
    setUp(['a'], { withinMs: Number.POSITIVE_INFINITY });
    expect(jest.getTimerCount()).toBe(0);
  });
});
