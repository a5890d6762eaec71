import { describe, expect, it } from '@jest/globals';
import { AsyncEndpoint } from '../../../lib/server/async-endpoint.decorator.js';

describe('the options of an endpoint', () => {
  it.each([{}, { concurrency: 1, maxHandlerMs: 1 }, { maxHandlerMs: Infinity, service: 'bank' }])(
    'may be %j',
    (options) => {
      expect(() => AsyncEndpoint('/pay', options)).not.toThrow();
    },
  );

  it.each([
    [
      { concurency: 2 },
      'there is no option "concurency": there are service, retry, concurrency, maxHandlerMs',
    ],
    [{ concurrency: 0 }, 'concurrency: 0 is not a whole number from 1 on'],
    [{ maxHandlerMs: 1.5 }, 'maxHandlerMs: 1.5 is not a whole number from 1 on'],
    [{ retry: { atempts: 1 } }, 'retry: there is no option "atempts"'],
    [5, '5 is no object'],
    [null, 'null is no object'],
  ])('may not be %j', (options, message) => {
    expect(() => AsyncEndpoint('/pay', options as object)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
    );
  });
});
