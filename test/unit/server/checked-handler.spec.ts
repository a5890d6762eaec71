import { describe, expect, it, jest } from '@jest/globals';
import { defineEndpoint } from 'nestjs-async-calls';
import { lastValueFrom, type Observable, of, toArray } from 'rxjs';
import { z } from 'zod';
import { checkedHandler } from '../../../lib/server/checked-handler.js';

const text = z.number().transform(String);
const call = { oneWay: false };

describe('checkedHandler', () => {
  it('leaves a handler as it is whose contract has no schemas', () => {
    const handler = async () => 1;
    expect(checkedHandler(handler, defineEndpoint('a-bank', '/x'))).toBe(handler);
  });

  it('hands on what the schema makes of the request, with the context', async () => {
    const handler = jest.fn(async (_data: unknown, _context: unknown) => 'done');
    const checked = checkedHandler(handler, defineEndpoint('a-bank', '/x', { request: text }));
    expect(await checked(7, call)).toBe('done');
    expect(handler.mock.calls).toEqual([['7', call]]);
    await expect(checked('7', call)).rejects.toMatchObject({ code: 'bad-request' });
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['at once', text],
    ['in time', z.number().transform(async (value) => String(value))],
  ])('checks one value as it checks each of many, %s, and hands on what was given', async (_, response) => {
    const contract = defineEndpoint('a-bank', '/x', { response });
    const results = [7, of(7, 8)];
    const checked = checkedHandler(async () => results.shift() as unknown, contract);
    expect(await checked(1, call)).toBe(7);
    expect(await lastValueFrom(((await checked(1, call)) as Observable<unknown>).pipe(toArray()))).toEqual([
      7, 8,
    ]);
  });

  it('fails for good where a response does not follow the contract', async () => {
    const contract = defineEndpoint('a-bank', '/x', { response: text });
    const results = ['7', of('7')];
    const checked = checkedHandler(async () => results.shift() as unknown, contract);
    const expected = { name: 'TerminalError', code: 'internal', statusCode: 500 };
    await expect(checked(1, call)).rejects.toMatchObject(expected);
    await expect(lastValueFrom((await checked(1, call)) as Observable<unknown>)).rejects.toMatchObject(
      expected,
    );
  });

  it('does not check what nobody gets', async () => {
    const contract = defineEndpoint('a-bank', '/x', { response: text });
    expect(await checkedHandler(async () => 'anything', contract)(1, { oneWay: true })).toBe('anything');
  });
});
