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
    { idleTimeoutMs: 1, onRedelivery: 'continue', inheritDeadline: true },
    { idleTimeoutMs: Infinity, onRedelivery: 'restart', inheritDeadline: false },
    { onRedelivery: 'fail', headers: {} },
    { idleTimeoutMs: undefined, onRedelivery: undefined, inheritDeadline: undefined },
  ])('takes %p', (options) => {
    expect(() => checkCallOptions(options)).not.toThrow();
  });

  it.each([0, -1, 1.5, NaN, -Infinity, 2_147_483_648, '1000', null, 10n])(
    'refuses the timeout %p',
    (timeout) => {
      for (const name of ['timeoutMs', 'idleTimeoutMs']) {
        expect(() => checkCallOptions({ [name]: timeout })).toThrow(
          expect.objectContaining({
            code: 'invalid-argument',
            message:
              `${name}: ${inspect(timeout)} is not a timeout: ` +
              'write whole milliseconds from 1 to 2147483647, or Infinity.',
          }),
        );
      }
    },
  );

  it.each(['Continue', '', null, true, 0])('refuses %p for a redelivery', (onRedelivery) => {
    expect(() => checkCallOptions({ onRedelivery } as unknown as CallOptions)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: `onRedelivery: ${inspect(onRedelivery)} is no choice: write 'continue', 'restart' or 'fail'.`,
      }),
    );
  });

  it.each(['false', null, 0])('refuses %p for the inheritance of deadlines', (inheritDeadline) => {
    expect(() => checkCallOptions({ inheritDeadline } as unknown as CallOptions)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: `inheritDeadline: ${inspect(inheritDeadline)} is neither true nor false.`,
      }),
    );
  });

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
        message:
          `'${name}' is not an option of a call. ` +
          `There are: timeoutMs, idleTimeoutMs, onRedelivery, inheritDeadline, key, responses, state, headers.`,
      }),
    );
  });
});
