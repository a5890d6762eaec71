import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isRetriable, retryDelay, retryFaults } from '../../../lib/delivery/retry-policy.js';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { RetryableError, TerminalError } from '../../../lib/errors/handler-errors.js';

const policy = { attempts: 5, initialDelayMs: 100, multiplier: 4, maxDelayMs: 1_000 };
/** The longest pauses that chance may bring. */
const most = { random: () => 1 };
const internal = new AsyncCallError('internal', 'broken');

describe('isRetriable', () => {
  it('tells what another attempt may mend from what it will not', () => {
    for (const code of ['internal', 'unavailable', 'timeout', 'server-error'] as const) {
      expect(isRetriable(new AsyncCallError(code, ''))).toBe(true);
    }
    const terminal = [
      'bad-request',
      'not-found',
      'unknown-endpoint',
      'payload-too-large',
      'invalid-argument',
    ] as const;
    for (const code of terminal) expect(isRetriable(new AsyncCallError(code, ''))).toBe(false);
  });

  it('lets the handler decide', () => {
    expect(isRetriable(new TerminalError('refused', { code: 'internal' }))).toBe(false);
    expect(isRetriable(new RetryableError('locked', { code: 'conflict' }))).toBe(true);
  });
});

describe('retryDelay', () => {
  it('grows up to its limit, and ends with the attempts', () => {
    const longest = [1, 2, 3, 4, 5].map((attempts) => retryDelay(internal, attempts, policy, most));
    expect(longest).toEqual([100, 400, 1_000, 1_000, undefined]);
  });

  it('leaves half of the pause to chance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempts, random) => {
          const longest = retryDelay(internal, attempts, policy, most) as number;
          const delay = retryDelay(internal, attempts, policy, { random: () => random }) as number;
          expect(delay).toBeGreaterThanOrEqual(longest / 2);
          expect(delay).toBeLessThanOrEqual(longest);
        },
      ),
    );
  });

  it('waits at least as long as the handler asks', () => {
    expect(retryDelay(new RetryableError('later', { retryAfterMs: 5_000 }), 1, policy, most)).toBe(5_000);
    expect(retryDelay(new RetryableError('later', { retryAfterMs: 1 }), 1, policy, most)).toBe(100);
  });

  it('is none for what is terminal', () => {
    expect(retryDelay(new TerminalError('no'), 1, policy, most)).toBeUndefined();
  });
});

describe('retryFaults', () => {
  it('names what cannot be followed', () => {
    expect(retryFaults('retry', undefined)).toEqual([]);
    expect(retryFaults('retry', { attempts: 1, multiplier: 1.5 })).toEqual([]);
    expect(retryFaults('retry', { attempts: 1.5, initialDelayMs: -1, multiplier: 0 })).toEqual([
      'retry.attempts: 1.5 is not a whole number from 1 on',
      'retry.initialDelayMs: -1 is not a whole number from 0 on',
      'retry.multiplier: 0 is not a number from 1 on',
    ]);
    expect(retryFaults('retry', { tries: 3 } as never)).toEqual(['retry: there is no option "tries"']);
    expect(retryFaults('retry', null as never)).toEqual(['retry: null is not an object']);
  });
});
