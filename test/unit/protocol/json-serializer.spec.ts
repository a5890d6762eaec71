import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import { bytes, text } from './arbitraries.js';

const roundTrip = (value: unknown) => jsonSerializer.deserialize(jsonSerializer.serialize(value));

const read = (content: string, contentType?: string) =>
  jsonSerializer.deserialize({ bytes: Buffer.from(content), contentType });

/** Without what is refused. */
const jsonValue = fc.jsonValue().filter((value) => !/"(__proto__|constructor)"/.test(JSON.stringify(value)));

describe('jsonSerializer', () => {
  it('brings every JSON value back', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(roundTrip(value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([0, -1, 1.5, Number.MAX_SAFE_INTEGER, true, false, null, '', 'text', '✓ 😀', [], {}])(
    'keeps %j what it is',
    (value) => {
      expect(roundTrip(value)).toStrictEqual(value);
    },
  );

  it('sends undefined as no payload, and null as one', () => {
    expect(jsonSerializer.serialize(undefined)).toEqual({ bytes: null });
    expect(roundTrip(undefined)).toBeUndefined();
    expect(jsonSerializer.serialize(null).bytes?.toString()).toBe('null');
  });

  it('sends dates as ISO text, also inside objects', () => {
    const date = new Date('2024-02-29T12:00:00.000Z');
    expect(roundTrip(date)).toBe('2024-02-29T12:00:00.000Z');
    expect(roundTrip({ at: [date] })).toEqual({ at: ['2024-02-29T12:00:00.000Z'] });
  });

  it('sends bytes as they are', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(roundTrip(value)).toEqual(value);
        expect(roundTrip(new Uint8Array(value))).toEqual(value);
      }),
    );
  });

  it('sends only the part of the memory that a Uint8Array shows', () => {
    expect(roundTrip(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toEqual(Buffer.from([2, 3]));
  });

  it.each([
    ['NaN', Number.NaN, 'NaN is not JSON'],
    ['an infinity', Number.NEGATIVE_INFINITY, '-Infinity is not JSON'],
    ['a bigint', 1n, 'BigInt'],
    ['a bigint inside', { amount: 1n }, 'BigInt'],
    ['a function', () => 1, 'a function is not JSON'],
    ['a symbol', Symbol('s'), 'a symbol is not JSON'],
    ['a circle', circle(), 'circular'],
  ])('refuses %s and says why', (_, value, reason) => {
    const error = errorOf(() => jsonSerializer.serialize(value));
    expect(error).toBeInstanceOf(AsyncCallError);
    expect(error).toMatchObject({ code: 'invalid-argument' });
    expect(error.message).toMatch(/^The value cannot be sent: .*\.$/s);
    expect(error.message).toContain(reason);
  });

  it.each([undefined, 'application/json', 'application/json; charset=utf-8', ' Application/JSON '])(
    'reads %j as JSON',
    (contentType) => {
      expect(read('{"a":1}', contentType)).toEqual({ a: 1 });
    },
  );

  it('reads the text and bytes of foreign callers', () => {
    fc.assert(
      fc.property(text, (content) => {
        expect(read(content, 'text/plain; charset=utf-8')).toBe(content);
        expect(read(content, 'application/octet-stream')).toEqual(Buffer.from(content));
      }),
    );
  });

  it.each(['application/xml', '', 'json'])('refuses the content type %j', (contentType) => {
    const error = errorOf(() => read('1', contentType));
    expect(error).toMatchObject({ code: 'bad-request', statusCode: 400 });
    expect(error.message).toContain(`content type is ${JSON.stringify(contentType)}; this service reads`);
  });

  it.each(['', '{', 'undefined'])('refuses %j, which is not JSON', (content) => {
    const error = errorOf(() => read(content));
    expect(error).toMatchObject({ code: 'bad-request', statusCode: 400 });
    expect(error.message).toContain('The payload is not JSON');
  });

  it.each(['{"__proto__": {"admin": true}}', '[{"a": {"constructor": {"prototype": {"admin": true}}}}]'])(
    'refuses %s, which could change every object of the process',
    (content) => {
      expect(errorOf(() => read(content))).toMatchObject({ code: 'bad-request' });
    },
  );

  it('takes a constructor that has no prototype for what it is', () => {
    expect(roundTrip({ constructor: 'a builder' })).toEqual({ constructor: 'a builder' });
  });

  it('reads what is nested however deeply', () => {
    expect(read('['.repeat(400_000) + ']'.repeat(400_000))).toBeInstanceOf(Array);
  });
});

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

function circle(): object {
  const self: { self?: object } = {};
  self.self = self;
  return self;
}
