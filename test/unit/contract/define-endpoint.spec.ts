import { describe, expect, it } from '@jest/globals';
import { defineEndpoint } from 'nestjs-async-calls';
import { z } from 'zod';

describe('defineEndpoint', () => {
  it('holds the address and the schemas, and cannot be changed', () => {
    const [request, response] = [z.number(), z.string()];
    const contract = defineEndpoint('a-money-broker', 'show-me-the-money', { request, response });
    expect(contract).toEqual({
      address: { service: 'a-money-broker', endpoint: '/show-me-the-money' },
      request,
      response,
    });
    expect(Object.isFrozen(contract) && Object.isFrozen(contract.address)).toBe(true);
  });

  it('does without schemas', () => {
    const { request, response } = defineEndpoint('a-money-broker', '/x');
    expect([request, response]).toEqual([undefined, undefined]);
  });

  it.each([
    ['a name of a service', ['a money broker', '/x'], /'a money broker' is not a service name/],
    ['a name of an endpoint', ['a-money-broker', ''], /it has no endpoint/],
    ['an endpoint at all', ['a-money-broker/x'], /undefined is not an endpoint name/],
    ['an object', ['a-money-broker', '/x', z.number], /is no object/],
    [
      'a schema',
      ['a-money-broker', '/x', { response: { amount: 'number' } }],
      /^defineEndpoint\('a-money-broker', '\/x'\): response: { amount: 'number' } is not a schema/,
    ],
    [
      'a known option',
      ['a-money-broker', '/x', { requests: z.number() }],
      /there is no option "requests": there are request, response/,
    ],
  ])('refuses what is not %s', (_, args, message) => {
    const define = defineEndpoint as (...args: unknown[]) => unknown;
    expect(() => define(...args)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
    );
  });

  it('names all that is wrong at once', () => {
    const define = () => defineEndpoint('', '', { request: 7 as never, response: 8 as never });
    expect(define).toThrow(/service name.*no endpoint.*request: 7 is not.*response: 8 is not/s);
  });
});
