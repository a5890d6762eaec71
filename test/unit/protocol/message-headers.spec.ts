import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HEADER } from '../../../lib/protocol/header-names.js';
import { headerEntries, type HeadersInput, MessageHeaders } from '../../../lib/protocol/message-headers.js';
import { foreignHeaders } from './arbitraries.js';

const of = (headers: HeadersInput) => MessageHeaders.ofRecord(headerEntries(headers));

describe('MessageHeaders', () => {
  it('finds text and bytes', () => {
    const headers = of({ tenant: 'bank ✓', token: Buffer.from([0, 255]) });
    expect(headers.get('tenant')).toBe('bank ✓');
    expect(headers.getBytes('token')).toEqual(Buffer.from([0, 255]));
    expect(headers.get('nothing')).toBeUndefined();
    expect(headers.getAll('nothing')).toEqual([]);
  });

  it('keeps repeated names in their order', () => {
    const headers = of({ a: ['1', Buffer.from('2'), '3'], b: [] });
    expect(headers.getAll('a')).toEqual(['1', '2', '3']);
    expect(headers.get('a')).toBe('1');
    expect(headers.has('b')).toBe(false);
  });

  it('tells an empty header from a missing one, and letters by their case', () => {
    const headers = of({ empty: '' });
    expect(headers.has('empty')).toBe(true);
    expect(headers.has('Empty')).toBe(false);
  });

  it('holds what is not the protocol’s, unchanged', () => {
    fc.assert(
      fc.property(foreignHeaders, (entries) => {
        const own = Object.values(HEADER).map((name) => [name, Buffer.from('x')] as const);
        expect([...MessageHeaders.ofRecord([...own, ...entries, ...own])]).toEqual(entries);
      }),
    );
  });

  it('takes the names of object members for names', () => {
    const headers = MessageHeaders.ofRecord([['__proto__', Buffer.from('x')]]);
    expect(headers.get('__proto__')).toBe('x');
    expect(headers.has('constructor')).toBe(false);
  });
});

describe('headerEntries', () => {
  it('makes none of none', () => {
    expect(headerEntries()).toEqual([]);
  });

  it.each(['', 'ac-kind', 'ac-anything', 'kafka_replyTopic', 'kafka_dlt-x', 'content-type'])(
    'refuses the reserved name %j',
    (name) => {
      expect(() => headerEntries({ [name]: 'x' })).toThrow(
        expect.objectContaining({
          code: 'invalid-argument',
          message: expect.stringContaining(JSON.stringify(name)),
        }),
      );
    },
  );

  it.each([
    [7, '7'],
    [null, 'null'],
    [undefined, 'undefined'],
    [['text', 7], '7'],
    [[['nested']], "[ 'nested' ]"],
  ])('refuses the value %j', (value, kind) => {
    expect(() => headerEntries({ tenant: value } as unknown as HeadersInput)).toThrow(
      `The header "tenant" is ${kind}. A header is a string, a Buffer, or an array of them.`,
    );
  });
});
