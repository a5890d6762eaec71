import { describe, expect, it } from '@jest/globals';
import { oneWayLimits, requestLimits } from '../../../lib/client/call-limits.js';
import { runInCall } from '../../../lib/context/current-call.js';

const DEFAULTS = { timeoutMs: 30_000, idleTimeoutMs: Infinity };

/** What is called by a handler whose caller still waits for this long. */
function inHandler<T>(leftMs: number, run: () => T): T {
  return runInCall({ deadline: Date.now() + leftMs, ready: () => Promise.resolve() }, run);
}

describe('requestLimits', () => {
  it('follows the call, and the defaults where it says nothing', () => {
    expect(requestLimits({}, DEFAULTS)).toEqual({ ...DEFAULTS, isInherited: false });
    const own = { timeoutMs: 7, idleTimeoutMs: 3 };
    expect(requestLimits(own, DEFAULTS)).toEqual({ ...own, isInherited: false });
  });

  it('gives a call of a handler no more than the handler has left', () => {
    const { timeoutMs, isInherited } = inHandler(5_000, () => requestLimits({}, DEFAULTS));
    expect(isInherited).toBe(true);
    expect(timeoutMs).toBeGreaterThan(4_000);
    expect(timeoutMs).toBeLessThanOrEqual(5_000);
    expect(inHandler(5_000, () => requestLimits({ timeoutMs: Infinity }, DEFAULTS)).isInherited).toBe(true);
  });

  it('leaves a call that takes less as it is', () => {
    expect(inHandler(60_000, () => requestLimits({ timeoutMs: 20 }, DEFAULTS))).toMatchObject({
      timeoutMs: 20,
      isInherited: false,
    });
  });

  it('says when nothing is left', () => {
    const { timeoutMs, isInherited } = inHandler(-5, () => requestLimits({}, DEFAULTS));
    expect(isInherited).toBe(true);
    expect(timeoutMs).toBeLessThanOrEqual(-5);
  });

  it.each([Infinity, 2 ** 31 + 60_000])('inherits nothing from a caller that waits %d ms', (leftMs) => {
    expect(inHandler(leftMs, () => requestLimits({ timeoutMs: Infinity }, DEFAULTS))).toMatchObject({
      timeoutMs: Infinity,
      isInherited: false,
    });
  });

  it('inherits nothing if it is told so', () => {
    expect(inHandler(5, () => requestLimits({ inheritDeadline: false }, DEFAULTS))).toMatchObject({
      timeoutMs: 30_000,
      isInherited: false,
    });
  });
});

describe('oneWayLimits', () => {
  it('neither inherits nor knows an idle timeout', () => {
    const limits = inHandler(5, () => oneWayLimits({ idleTimeoutMs: 1 }, { ...DEFAULTS, idleTimeoutMs: 2 }));
    expect(limits).toEqual({ timeoutMs: 30_000, isInherited: false, idleTimeoutMs: Infinity });
  });
});
