import { describe, expect, it, jest } from '@jest/globals';
import { Cutoff } from '../../../lib/delivery/cutoff.js';

describe('Cutoff', () => {
  it('is aborted once, and tells its listeners and those who have its signal', () => {
    const cutoff = new Cutoff();
    const { signal } = cutoff;
    const [heard, left] = [jest.fn(), jest.fn()];
    cutoff.onAbort(heard);
    cutoff.onAbort(left)();
    expect([cutoff.aborted, signal.aborted]).toEqual([false, false]);
    cutoff.abort();
    cutoff.abort();
    expect([cutoff.aborted, signal.aborted]).toEqual([true, true]);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(left).not.toHaveBeenCalled();
  });

  it('tells at once who comes after the abort', () => {
    const cutoff = new Cutoff();
    cutoff.abort();
    const heard = jest.fn();
    cutoff.onAbort(heard)();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(cutoff.signal.aborted).toBe(true);
    expect(cutoff.signal).toBe(cutoff.signal);
  });

  it('is aborted with any of its causes, and none of them by it', () => {
    const causes = [new Cutoff(), new Cutoff()];
    for (const cause of causes) {
      const heard = jest.fn();
      const cutoff = new Cutoff(...causes);
      cutoff.onAbort(heard);
      cause.abort();
      expect([cutoff.aborted, heard.mock.calls.length]).toEqual([true, 1]);
    }
    const own = new Cutoff(new Cutoff());
    own.abort();
    expect(new Cutoff(own).aborted).toBe(true);
    const untouched = new Cutoff();
    new Cutoff(untouched).abort();
    expect(untouched.aborted).toBe(false);
  });

  it('hears nothing of its causes once it is released', () => {
    const cause = new Cutoff();
    const cutoff = new Cutoff(cause);
    cutoff.release();
    cause.abort();
    expect(cutoff.aborted).toBe(false);
  });
});
