import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { EventLoopLag } from '../../../lib/health/event-loop-lag.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it('tells how late timers are, during a block and after it', () => {
  let lateMs = 0;
  const told: number[] = [];
  const environment = { ...systemEnvironment, uptime: () => performance.now() + lateMs };
  const lag = new EventLoopLag(environment, (ms) => told.push(ms));
  expect(lag.ms).toBe(0);
  lag.start();
  jest.advanceTimersByTime(1_000);
  expect(lag.ms).toBe(0);

  // Time passes, and no timer goes off.
  lateMs = 3_000;
  expect(lag.ms).toBe(2_500);
  jest.advanceTimersByTime(500);
  expect(lag.ms).toBe(3_000);
  jest.advanceTimersByTime(500);
  expect(lag.ms).toBe(0);

  expect(told).toEqual([0, 0, 3_000, 0]);

  lag.stop();
  lateMs = 10_000;
  expect(lag.ms).toBe(0);
});
