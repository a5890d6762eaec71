import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { type CallOptions, checkCallOptions } from '../../../lib/client/call-options.js';

describe('checkCallOptions', () => {
  it.each<CallOptions>([
    {},
    { timeoutMs: 1 },
    { timeoutMs: 2_147_483_647 },
    { timeoutMs: Infinity },
    { key: 'customer-7' },
    { key: Buffer.from([0]) },
    { timeoutMs: undefined, key: undefined },
  ])('takes %p', (options) => {
    expect(() => checkCallOptions(options)).not.toThrow();
  });

  it.each([0, -1, 1.5, NaN, -Infinity, 2_147_483_648, '1000', null, 10n])(
    'refuses the timeout %p',
    (timeoutMs) => {
      expect(() => checkCallOptions({ timeoutMs } as unknown as CallOptions)).toThrow(
        expect.objectContaining({
          code: 'invalid-argument',
          message:
            `timeoutMs: ${inspect(timeoutMs)} is not a timeout: ` +
            'write whole milliseconds from 1 to 2147483647, or Infinity.',
        }),
      );
    },
  );

  it.each([7, null, {}, new Uint8Array(1), true])('refuses the key %p', (key) => {
    expect(() => checkCallOptions({ key } as unknown as CallOptions)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringMatching(/^key: .* write a string or a Buffer\.$/),
      }),
    );
  });

  it.each(['timeout', 'keys', 'timeoutMS', 'toString'])('refuses the unknown option %p', (name) => {
    expect(() => checkCallOptions({ key: 'a', [name]: undefined })).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: `'${name}' is not an option of a call. There are: timeoutMs, key, headers.`,
      }),
    );
  });
});
