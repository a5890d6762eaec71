import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { normalizeEndpoint, parseTarget, serviceNameFault } from '../../../lib/protocol/endpoint-address.js';

describe('parseTarget', () => {
  it.each([
    ['broker/money', { service: 'broker', endpoint: '/money' }],
    ['broker/money/now', { service: 'broker', endpoint: '/money/now' }],
    [
      { service: 'broker', endpoint: '/money' },
      { service: 'broker', endpoint: '/money' },
    ],
    [
      { service: 'broker', endpoint: 'money' },
      { service: 'broker', endpoint: '/money' },
    ],
    [
      { service: 'a.b_c-9', endpoint: '/ü' },
      { service: 'a.b_c-9', endpoint: '/ü' },
    ],
  ])('understands %j', (target, address) => {
    expect(parseTarget(target)).toEqual(address);
  });

  it.each([
    ['', "'' is not a service name"],
    ['/money', "'' is not a service name"],
    ['-broker/money', "'-broker' is not a service name"],
    ['bro ker/money', "'bro ker' is not a service name"],
    [`${'a'.repeat(201)}/money`, 'is not a service name'],
    [undefined, 'undefined is not a service name'],
    [null, 'undefined is not a service name'],
    [7, 'undefined is not a service name'],
    [{ endpoint: '/money' }, 'undefined is not a service name'],
    ['broker', "'broker' is not an address: it has no endpoint. Address an endpoint as"],
    ['/money', "'/money' is not an address: '' is not a service name"],
    ['broker/', "'broker/' is not an address: '/' is not an endpoint name"],
    ['broker/', "'/' is not an endpoint name"],
    ['broker//', "'//' is not an endpoint name"],
    [{ service: 'broker' }, "{ service: 'broker' } is not an address"],
    [{ service: 'broker' }, 'undefined is not an endpoint name'],
    [{ service: 'broker', endpoint: 7 }, '7 is not an endpoint name'],
  ])('refuses %j', (target, message) => {
    expect(() => parseTarget(target)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
    );
  });

  it('says how to write a target', () => {
    expect(() => parseTarget('/money')).toThrow(
      'Address an endpoint as "service/endpoint" or { service, endpoint }.',
    );
  });

  it('refuses with typed errors only, whatever text it gets', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.jsonValue()), (target) => {
        try {
          const { service, endpoint } = parseTarget(target);
          expect(serviceNameFault(service)).toBeUndefined();
          expect(normalizeEndpoint(endpoint)).toBe(endpoint);
        } catch (error) {
          expect(error).toBeInstanceOf(AsyncCallError);
        }
      }),
    );
  });
});
