import { randomBytes } from 'node:crypto';
import type { Environment, TimerHandle } from './environment.js';

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/** The process's own clock, timers and random numbers. Globals are looked up at each call: test runners replace them. */
export const systemEnvironment: Environment = {
  now: () => Date.now(),
  uptime: () => performance.now(),
  random: () => Math.random(),
  randomBytes,
  setTimeout: (task, ms) => setTimeout(task, ms),
  clearTimeout: (timer) => clearTimeout(native(timer)),
  setInterval: (task, ms) => setInterval(task, ms),
  clearInterval: (timer) => clearInterval(native(timer)),
  keepAlive: () => {
    const handle = setInterval(() => {}, LONGEST_INTERVAL_MS);
    return () => clearInterval(handle);
  },
  setImmediate: (task) => void setImmediate(task),
};

/** What this environment has set itself. */
function native(timer: TimerHandle | undefined): NodeJS.Timeout | undefined {
  return timer as NodeJS.Timeout | undefined;
}
