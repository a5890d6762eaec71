import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemEnvironment as environment } from '../../../lib/environment/system-environment.js';

const NOW = 1_800_000_000_000;

describe('the system environment', () => {
  // It is to follow a test runner that replaces the process's clocks and timers, whenever it was loaded.
  beforeEach(() => void jest.useFakeTimers({ now: NOW }));
  afterEach(() => void jest.useRealTimers());

  it('tells the time of day, which may be set back, and a time that never goes back', () => {
    const uptime = environment.uptime();
    expect(environment.now()).toBe(NOW);
    jest.advanceTimersByTime(250);
    expect(environment.now()).toBe(NOW + 250);
    expect(environment.uptime()).toBe(uptime + 250);
    jest.setSystemTime(NOW - 1_000);
    expect(environment.now()).toBe(NOW - 1_000);
    expect(environment.uptime()).toBe(uptime + 250);
  });

  it('sets timers, also anew, and clears them', () => {
    const fired: string[] = [];
    const cleared = environment.setTimeout(() => fired.push('cleared'), 100);
    const timer = environment.setTimeout(() => fired.push('timer'), 100);
    jest.advanceTimersByTime(50);
    environment.clearTimeout(cleared);
    timer.refresh();
    jest.advanceTimersByTime(99);
    expect(fired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(fired).toEqual(['timer']);
    timer.refresh();
    jest.advanceTimersByTime(100);
    expect(fired).toEqual(['timer', 'timer']);
  });

  it('repeats, until it is told to stop', () => {
    let times = 0;
    const timer = environment.setInterval(() => (times += 1), 100);
    jest.advanceTimersByTime(350);
    environment.clearInterval(timer);
    jest.advanceTimersByTime(350);
    expect(times).toBe(3);
  });

  it('clears what was never set', () => {
    environment.clearTimeout(undefined);
    environment.clearInterval(undefined);
  });

  it('leaves a task to the end of the turn', () => {
    const order: string[] = [];
    environment.setImmediate(() => order.push('task'));
    order.push('turn');
    jest.advanceTimersByTime(0);
    expect(order).toEqual(['turn', 'task']);
  });

  it('brings chance', () => {
    const numbers = Array.from({ length: 1_000 }, () => environment.random());
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(new Set(numbers).size).toBeGreaterThan(1);
    expect(environment.randomBytes(16)).toHaveLength(16);
    expect(environment.randomBytes(16)).not.toEqual(environment.randomBytes(16));
  });
});

describe('the tasks of the system environment', () => {
  it('run in the async context in which they were set', async () => {
    const storage = new AsyncLocalStorage<string>();
    const contexts = await storage.run('the setter', () =>
      Promise.all([
        new Promise((resolve) => environment.setTimeout(() => resolve(storage.getStore()), 0)),
        new Promise((resolve) => environment.setImmediate(() => resolve(storage.getStore()))),
        new Promise((resolve) => {
          const timer = environment.setInterval(() => {
            environment.clearInterval(timer);
            resolve(storage.getStore());
          }, 1);
        }),
      ]),
    );
    expect(contexts).toEqual(Array(3).fill('the setter'));
  });
});
