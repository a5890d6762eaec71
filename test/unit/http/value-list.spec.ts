import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { concat, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { collectList } from '../../../lib/http/value-list.js';

afterEach(() => {
  jest.restoreAllMocks();
});

const listOf = (values: Observable<unknown>, maxBytes = 1_000) => collectList(() => values, maxBytes);

describe('a list of values', () => {
  it('is all of them as JSON', async () => {
    expect(await listOf(of(1, undefined, { a: [2] })).json).toBe('[1,null,{"a":[2]}]');
    expect(await listOf(of()).json).toBe('[]');
  });

  it('fails as its stream does, or for a value that JSON does not know', async () => {
    const failure = new Error('no');
    await expect(
      listOf(
        concat(
          of(1),
          throwError(() => failure),
        ),
      ).json,
    ).rejects.toBe(failure);
    await expect(listOf(concat(of(1n), NEVER)).json).rejects.toThrow(/BigInt/);
  });

  it('has a limit, above which it leaves its stream', async () => {
    const values = new Subject<unknown>();
    const { json } = listOf(values, 20);
    values.next('12345678');
    expect(values.observed).toBe(true);
    values.next('12345678');
    await expect(json).rejects.toMatchObject({ code: 'payload-too-large', statusCode: 500 });
    expect(values.observed).toBe(false);
  });

  it('can be left, and ended from outside', async () => {
    const [left, ended] = [new Subject<unknown>(), new Subject<unknown>()];
    const leaving = listOf(left);
    leaving.leave();
    expect(await leaving.json).toBeUndefined();
    const ending = listOf(ended);
    ending.end(new Error('over'));
    await expect(ending.json).rejects.toThrow('over');
    expect([left.observed, ended.observed]).toEqual([false, false]);
  });

  it('is left without harm where the clean-up of its stream fails', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const list = listOf(
      new Observable(() => () => {
        throw new Error('clean-up');
      }),
    );
    list.leave();
    expect(await list.json).toBeUndefined();
    expect(logged).toHaveBeenCalledTimes(1);
  });
});
