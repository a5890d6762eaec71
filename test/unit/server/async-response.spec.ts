import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { MessagePattern } from '@nestjs/microservices';
import { AsyncEndpoint } from '../../../lib/server/async-endpoint.decorator.js';
import { AsyncResponse } from '../../../lib/server/async-response.decorator.js';

function decorate(...decorators: readonly MethodDecorator[]) {
  class Shop {
    pay() {}
  }
  const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'pay')!;
  for (const each of decorators) each(Shop.prototype, 'pay', descriptor);
  const metadata = (name: string): unknown =>
    Reflect.getMetadata(`microservices:${name}`, descriptor.value as object);
  return { pattern: metadata('pattern'), extras: metadata('pattern_extras') };
}

describe('@AsyncResponse', () => {
  const options = { concurrency: 2, service: 'shop' };
  const contract = { address: { service: 'bank', endpoint: '/pay' }, request: {} };

  it.each([
    ['names', AsyncResponse('bank', 'pay', options)],
    ['an address', AsyncResponse({ service: 'bank', endpoint: 'pay' }, options)],
    ['a contract', AsyncResponse(contract, options)],
  ])('tells the server what the method handles, by %s', (_, decorator) => {
    const { pattern, extras } = decorate(decorator);
    expect(pattern).toEqual(['responses of bank/pay']);
    expect(extras).toEqual({ ...options, kind: 'response', of: 'bank/pay', declaredBy: 'Shop.pay' });
  });

  it.each<[string, () => unknown]>([
    ["'a b' is not a service name", () => AsyncResponse('a b', '/pay')],
    ['it has no endpoint', () => AsyncResponse('bank', '')],
    ['is not an endpoint name', () => AsyncResponse('bank', undefined as never)],
    ['undefined is not a service name', () => AsyncResponse({ endpoint: '/pay' } as never)],
    ["@AsyncResponse('bank', '/pay') concurrency: 0", () => AsyncResponse('bank', 'pay', { concurrency: 0 })],
    ['there is no option "retries"', () => AsyncResponse('bank', 'pay', { retries: 1 } as never)],
    ['5 is no object', () => AsyncResponse({ service: 'bank', endpoint: 'pay' }, 5 as never)],
  ])('refuses what is wrong: %s', (message, make) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
    );
  });

  it.each<[string, MethodDecorator, MethodDecorator]>([
    ['an endpoint', AsyncEndpoint('/pay'), AsyncResponse('bank', 'pay')],
    ['another response', AsyncResponse('bank', 'refund'), AsyncResponse('bank', 'pay')],
    ['a handler of Nest', MessagePattern('pay'), AsyncResponse('bank', 'pay')],
    ['a response, for an endpoint', AsyncResponse('bank', 'pay'), AsyncEndpoint('/pay')],
  ])('refuses a method that is %s already', (_, first, second) => {
    expect(() => decorate(first, second)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringMatching(/^Shop\.pay .* is a message handler already\./),
      }),
    );
  });
});
