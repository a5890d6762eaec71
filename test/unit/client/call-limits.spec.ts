import { describe, expect, it } from '@jest/globals';
import { oneWayLimits, requestLimits } from '../../../lib/client/call-limits.js';
import { runInCall } from '../../../lib/context/current-call.js';

const NOW = 1_800_000_000_000;
const CLOCK = { now: () => NOW };
const DEFAULTS = { timeoutMs: 30_000, idleTimeoutMs: Infinity };

/** What is called by a handler whose caller still waits for this long. */
function inHandler<T>(leftMs: number, run: () => T): T {
  return runInCall({ deadline: NOW + leftMs, ready: () => Promise.resolve() }, run);
}

describe('requestLimits', () => {
  it('follows the call, and the defaults where it says nothing', () => {
    expect(requestLimits({}, DEFAULTS, CLOCK)).toEqual({ ...DEFAULTS, isInherited: false });
    const own = { timeoutMs: 7, idleTimeoutMs: 3 };
    expect(requestLimits(own, DEFAULTS, CLOCK)).toEqual({ ...own, isInherited: false });
  });

  it('gives a call of a handler no more than the handler has left', () => {
    const inherited = { timeoutMs: 5_000, isInherited: true };
    for (const own of [{}, { timeoutMs: Infinity }]) {
      expect(inHandler(5_000, () => requestLimits(own, DEFAULTS, CLOCK))).toMatchObject(inherited);
    }
  });

  it('leaves a call that takes less as it is', () => {
    expect(inHandler(60_000, () => requestLimits({ timeoutMs: 20 }, DEFAULTS, CLOCK))).toMatchObject({
      timeoutMs: 20,
      isInherited: false,
    });
  });

  it('says when nothing is left', () => {
    expect(inHandler(-5, () => requestLimits({}, DEFAULTS, CLOCK))).toMatchObject({
      timeoutMs: -5,
      isInherited: true,
    });
  });

  it.each([Infinity, 2 ** 31 + 60_000])('inherits nothing from a caller that waits %d ms', (leftMs) => {
    expect(inHandler(leftMs, () => requestLimits({ timeoutMs: Infinity }, DEFAULTS, CLOCK))).toMatchObject({
      timeoutMs: Infinity,
      isInherited: false,
    });
  });

  it('inherits nothing if it is told so', () => {
    expect(inHandler(5, () => requestLimits({ inheritDeadline: false }, DEFAULTS, CLOCK))).toMatchObject({
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
