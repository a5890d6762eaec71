import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { codeOfStatus, ERROR_STATUS, isErrorCode, isErrorStatus } from '../../../lib/errors/error-code.js';

describe('AsyncCallError', () => {
  it('has the status of its code, unless it is given one', () => {
    expect(new AsyncCallError('timeout', 'm').statusCode).toBe(504);
    expect(new AsyncCallError('client-error', 'm', { statusCode: 418 }).statusCode).toBe(418);
  });

  it('bears the name of its class, and a cause only where there is one', () => {
    class Special extends AsyncCallError {}
    expect(new Special('timeout', 'm').name).toBe('Special');
    expect('cause' in new AsyncCallError('timeout', 'm')).toBe(false);
    expect(new AsyncCallError('timeout', 'm', { cause: 7 }).cause).toBe(7);
  });

  it('can be made from whatever was thrown', () => {
    const own = new AsyncCallError('timeout', 'm');
    expect(AsyncCallError.from(own)).toBe(own);
    const messages = [new Error('oops'), new TypeError(), 'text', undefined, { message: 'no' }].map(
      (thrown) => AsyncCallError.from(thrown).message,
    );
    expect(messages).toEqual(['oops', 'TypeError', 'text', 'unknown error', 'unknown error']);
    expect(AsyncCallError.from('text')).toMatchObject({ code: 'internal', cause: 'text' });
  });
});

describe('error codes', () => {
  it('all have a status that an error can have', () => {
    for (const status of Object.values(ERROR_STATUS)) expect(isErrorStatus(status)).toBe(true);
  });

  it('exist for every status, in its class', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), (status) => {
        const code = codeOfStatus(status);
        expect(isErrorCode(code)).toBe(true);
        expect(Math.floor(ERROR_STATUS[code] / 100)).toBe(Math.floor(status / 100));
      }),
    );
  });
});
