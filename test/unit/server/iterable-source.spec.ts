import 'reflect-metadata';
import { describe, expect, it, jest } from '@jest/globals';
import { isObservable, lastValueFrom, type Observable, of, take, toArray } from 'rxjs';
import { runInCall } from '../../../lib/context/current-call.js';
import { observeIterables } from '../../../lib/server/iterable-source.js';
import { deferred } from '../support/deferred.js';
import { turn } from '../support/scripted-producer.js';

async function* count(to: number) {
  for (let value = 1; value <= to; value += 1) yield value;
}

const observe = (run: () => unknown) => observeIterables(run)() as Observable<unknown>;
const all = (source: unknown) => lastValueFrom((source as Observable<unknown>).pipe(toArray()));

const throwing = () => {
  throw new Error('no');
};

describe('observeIterables', () => {
  it('turns an async iterable into an Observable', async () => {
    const source = observe(() => count(3));
    expect(isObservable(source)).toBe(true);
    expect(await all(source)).toEqual([1, 2, 3]);
  });

  it('turns the promise of one into the promise of an Observable', async () => {
    const source = await observeIterables(async () => count(2))();
    expect(await all(source)).toEqual([1, 2]);
  });

  it('turns a generator, and any other iterator, into an Observable too', async () => {
    const closed = jest.fn();
    const generator = function* () {
      try {
        yield 1;
        yield Promise.resolve(2);
        yield 3;
      } finally {
        closed();
      }
    };
    expect(await all(observe(generator))).toEqual([1, 2, 3]);
    expect(await all(observe(() => generator()).pipe(take(1)))).toEqual([1]);
    await turn();
    expect(closed).toHaveBeenCalledTimes(2);
    expect(await all(await observeIterables(async () => new Map([['a', 1]]).entries())())).toEqual([
      ['a', 1],
    ]);
  });

  it.each([undefined, null, 'text', 7, [1], new Set([1]), { a: 1 }, of(1)])(
    'leaves %p as it is',
    async (result) => {
      expect(observe(() => result)).toBe(result);
      expect(await observeIterables(async () => result)()).toBe(result);
    },
  );

  it('keeps the method’s name, metadata, "this" and arguments', () => {
    class Controller {
      factor = 2;
      double(by: number) {
        return this.factor * by;
      }
    }
    const { double } = Controller.prototype;
    Reflect.defineMetadata('guards', ['g'], double);
    const observing = observeIterables(double as (...args: unknown[]) => unknown);
    expect(observing.name).toBe('double');
    expect(Reflect.getMetadata('guards', observing)).toEqual(['g']);
    expect(observing.call(new Controller(), 21)).toBe(42);
  });

  it('lets what the method throws through', async () => {
    const error = new Error('no');
    const fail = () => {
      throw error;
    };
    expect(() => observe(fail)).toThrow(error);
    await expect(observe(async () => fail())).rejects.toBe(error);
  });

  it('fails with the error of the iterable, after its values', async () => {
    const error = new Error('no more');
    const seen: unknown[] = [];
    const source = observe(async function* () {
      yield 1;
      throw error;
    });
    source.subscribe({ next: (value) => seen.push(value), error: (reason) => seen.push(reason) });
    await turn();
    expect(seen).toEqual([1, error]);
  });

  it('fails where the iterable cannot be begun', async () => {
    const broken = {
      [Symbol.asyncIterator]: () => {
        throw new Error('no iterator');
      },
    };
    await expect(all(observe(() => broken))).rejects.toThrow('no iterator');
  });

  it('iterates anew for each subscriber', async () => {
    const source = observe(() => ({ [Symbol.asyncIterator]: () => count(2) }));
    expect([await all(source), await all(source)]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('asks for the next value when there is room for it', async () => {
    const asked: number[] = [];
    let room = deferred();
    const source = observe(async function* () {
      for (let value = 1; value <= 3; value += 1) {
        asked.push(value);
        yield value;
      }
    });
    runInCall({ deadline: Infinity, ready: () => room.promise }, () => source.subscribe());
    await turn();
    expect(asked).toEqual([1]);
    const before = room;
    room = deferred();
    before.resolve();
    await turn();
    expect(asked).toEqual([1, 2]);
  });

  it('returns the iterator when the subscriber has left', async () => {
    const seen: unknown[] = [];
    const closed = jest.fn();
    const source = observe(async function* () {
      try {
        yield* count(10);
      } finally {
        closed();
      }
    });
    source.pipe(take(2)).subscribe((value) => seen.push(value));
    await turn();
    expect(seen).toEqual([1, 2]);
    expect(closed).toHaveBeenCalledTimes(1);
  });

  it('returns the iterator when the subscriber leaves while it waits for room', async () => {
    const closed = jest.fn();
    const source = observe(async function* () {
      try {
        yield* count(10);
      } finally {
        closed();
      }
    });
    const room = deferred();
    const subscription = runInCall({ deadline: Infinity, ready: () => room.promise }, () =>
      source.subscribe(),
    );
    await turn();
    subscription.unsubscribe();
    await turn();
    expect(closed).toHaveBeenCalledTimes(1);
  });

  it('does not return an iterator that has ended or failed', async () => {
    const returned = jest.fn(async () => ({ done: true as const, value: undefined }));
    const iterableOf = (next: () => Promise<IteratorResult<number>>) => ({
      [Symbol.asyncIterator]: () => ({ next, return: returned }),
    });
    await all(observe(() => iterableOf(async () => ({ done: true, value: undefined }))));
    await expect(all(observe(() => iterableOf(() => Promise.reject(new Error('no')))))).rejects.toThrow('no');
    expect(returned).not.toHaveBeenCalled();
  });

  it.each<[string, () => unknown]>([
    ['rejects', () => Promise.reject(new Error('late'))],
    ['throws', throwing],
    ['returns nothing', () => undefined],
  ])('swallows what the iterator says when it is returned: it %s', async (_, returned) => {
    const iterator = {
      next: async () => ({ done: false, value: 1 }),
      return: returned as () => Promise<IteratorResult<number>>,
    };
    const source = observe(() => ({ [Symbol.asyncIterator]: () => iterator }));
    expect(await all(source.pipe(take(1)))).toEqual([1]);
    await turn();
  });
});
