import { describe, expect, it } from '@jest/globals';
import { lastValueFrom, Observable, of, range, take, throwError, toArray } from 'rxjs';
import { runInCall } from '../../../lib/context/current-call.js';
import { checkedResponses } from '../../../lib/server/checked-responses.js';
import { observeIterables } from '../../../lib/server/iterable-source.js';
import { deferred } from '../support/deferred.js';
import { turn } from '../support/scripted-producer.js';

const double = (value: unknown) => (value as number) * 2;
const collect = (values: Observable<unknown>) => lastValueFrom(values.pipe(toArray()));

describe('checkedResponses', () => {
  it('emits at once what needs no time, then the end or the error of the source', async () => {
    const seen: unknown[] = [];
    checkedResponses(of(1, 2), double).subscribe({
      next: (value) => seen.push(value),
      complete: () => seen.push('end'),
    });
    expect(seen).toEqual([2, 4, 'end']);
    await expect(
      collect(
        checkedResponses(
          throwError(() => new Error('no')),
          double,
        ),
      ),
    ).rejects.toThrow('no');
  });

  it('keeps the error of the source behind values that need time', async () => {
    const seen: unknown[] = [];
    const source = new Observable((subscriber) => {
      subscriber.next(1);
      subscriber.error(new Error('no'));
    });
    const ending = new Promise((resolve) => {
      checkedResponses(source, async (value) => value).subscribe({
        next: (value) => seen.push(value),
        error: resolve,
      });
    });
    expect(await ending).toEqual(new Error('no'));
    expect(seen).toEqual([1]);
  });

  it('ends a source that emits without end in one turn: when a check fails, and when nobody listens', async () => {
    const endless = range(0, Number.POSITIVE_INFINITY);
    const failing = (value: unknown) => {
      if (value === 3) throw new Error('three');
      return value;
    };
    await expect(collect(checkedResponses(endless, failing))).rejects.toThrow('three');
    expect(await collect(checkedResponses(endless, double).pipe(take(2)))).toEqual([0, 2]);
    await expect(collect(checkedResponses(endless, async () => 1))).rejects.toMatchObject({
      code: 'overloaded',
    });
  });

  it('leaves the source when a check fails, and when it is left itself', async () => {
    let left = 0;
    const source = new Observable((subscriber) => {
      subscriber.next(1);
      return () => (left += 1);
    });
    await expect(collect(checkedResponses(source, () => Promise.reject(new Error('no'))))).rejects.toThrow(
      'no',
    );
    expect(left).toBe(1);
    checkedResponses(source, double).subscribe().unsubscribe();
    expect(left).toBe(2);
  });

  it('holds up an iterable while a check is under way, and then as long as the broker does', async () => {
    const [check, room] = [deferred<number>(), deferred()];
    const asked: number[] = [];
    const iterate = observeIterables(async function* () {
      for (const value of [1, 2]) {
        asked.push(value);
        yield value;
      }
    });
    const call = { deadline: Number.POSITIVE_INFINITY, ready: () => room.promise };
    const ending = runInCall(call, () =>
      collect(checkedResponses(iterate() as Observable<unknown>, () => check.promise)),
    );
    await turn();
    expect(asked).toEqual([1]);
    check.resolve(7);
    await turn();
    expect(asked).toEqual([1]);
    room.resolve();
    expect(await ending).toEqual([7, 7]);
    expect(asked).toEqual([1, 2]);
  });
});
