import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { ERROR_STATUS, type ErrorCode } from '../../../lib/errors/error-code.js';
import { DecodeError } from '../../../lib/protocol/decode-error.js';
import { decodeErrorPayload, encodeErrorPayload } from '../../../lib/protocol/error-payload.js';
import { bytes, text } from './arbitraries.js';

const anyCode = fc.constantFrom(...(Object.keys(ERROR_STATUS) as ErrorCode[]));
const anyStatus = fc.integer({ min: 400, max: 599 });
const jsonDetails = fc
  .jsonValue({ noUnicodeString: false })
  .map((value) => JSON.stringify(value))
  // These keys are left out; a test of their own says so.
  .filter((json) => !/"(__proto__|constructor)"/.test(json))
  .map((json) => JSON.parse(json) as unknown);

const decode = (json: unknown) => decodeErrorPayload(Buffer.from(JSON.stringify(json)));

describe('the payload of an error frame', () => {
  it('brings every error back', () => {
    fc.assert(
      fc.property(anyCode, text, anyStatus, jsonDetails, (code, message, statusCode, details) => {
        const error = new AsyncCallError(code, message, { statusCode, details });
        const decoded = decodeErrorPayload(encodeErrorPayload(error));
        expect(decoded).toBeInstanceOf(AsyncCallError);
        expect(decoded).toMatchObject({ code, message, statusCode });
        expect(decoded.details).toEqual(details);
      }),
    );
  });

  it('never carries a stack or a cause', () => {
    const error = new AsyncCallError('internal', 'sorry', { cause: new Error('the password is 1234') });
    expect(JSON.parse(encodeErrorPayload(error).toString())).toEqual({
      statusCode: 500,
      code: 'internal',
      message: 'sorry',
    });
  });

  it.each([
    ['a bigint', { amount: 1n }, 'BigInt'],
    ['a circle', circle(), 'circular'],
    ['a toJSON that throws', { toJSON: () => JSON.parse('{') as unknown }, 'JSON'],
  ])('costs only the details where they are %s', (_, details, reason) => {
    const decoded = decodeErrorPayload(encodeErrorPayload(new AsyncCallError('conflict', 'no', { details })));
    expect(decoded).toMatchObject({ code: 'conflict', message: 'no' });
    expect(decoded.details).toContain(`not serializable: `);
    expect(decoded.details).toContain(reason);
  });

  it.each([
    [404, 'not-found'],
    [418, 'client-error'],
    [507, 'server-error'],
  ])('of a newer version with an unknown code and status %i is %s', (statusCode, code) => {
    expect(decode({ code: 'from-the-future', statusCode, message: 'm' })).toMatchObject({ code, statusCode });
  });

  it.each(['toString', '__proto__', 'constructor'])('does not take %s for a code', (code) => {
    expect(decode({ code, statusCode: 500 }).code).toBe('internal');
  });

  it.each([200, 399, 600, 404.5, '404', null])('does not take %p for a status', (statusCode) => {
    expect(decode({ code: 'timeout', statusCode })).toMatchObject({ statusCode: 504, message: 'timeout' });
    expect(() => decode({ code: 'from-the-future', statusCode })).toThrow(DecodeError);
  });

  it('may lack its message', () => {
    expect(decode({ statusCode: 404 }).message).toBe('not-found');
    expect(decode({ code: 'timeout', message: 7 }).message).toBe('timeout');
  });

  it.each([null, 'text', 7, [], {}, true])('cannot be %j', (json) => {
    expect(() => decode(json)).toThrow(DecodeError);
  });

  it('cannot be missing', () => {
    expect(() => decodeErrorPayload(null)).toThrow(/The error frame is not JSON/);
  });

  it('is read without what could change every object of the process', () => {
    const payload = '{"code":"conflict","message":"taken","details":{"by":"Ann","__proto__":{"admin":true}}}';
    const { details, message } = decodeErrorPayload(Buffer.from(payload));
    expect([message, details]).toEqual(['taken', { by: 'Ann' }]);
    expect(Object.keys(details as object)).toEqual(['by']);
  });

  it('throws nothing but a DecodeError, whatever the bytes', () => {
    const nearly = fc.record({ code: fc.jsonValue(), statusCode: fc.jsonValue(), message: fc.jsonValue() });
    const anyBytes = fc.oneof(
      bytes,
      fc.json().map((json) => Buffer.from(json)),
      nearly.map((json) => Buffer.from(JSON.stringify(json))),
    );
    fc.assert(
      fc.property(anyBytes, (payload) => {
        try {
          expect(decodeErrorPayload(payload)).toBeInstanceOf(AsyncCallError);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function circle(): object {
  const self: { self?: object } = {};
  self.self = self;
  return self;
}
