import { afterEach, beforeEach, jest } from '@jest/globals';

/** From here on the test moves the clock: how long something takes must not be up to the machine. Turns go on by themselves. */
export function useClockOfTest(): void {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => void jest.useRealTimers());
}
