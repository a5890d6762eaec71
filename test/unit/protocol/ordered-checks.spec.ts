import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OrderedChecks } from '../../../lib/protocol/ordered-checks.js';
import { deferred } from '../support/deferred.js';
import { turn } from '../support/scripted-producer.js';

/** Checks that double numbers; a function is called for the value, which may be a promise. */
function setUp() {
  const log: unknown[] = [];
  const failures: unknown[] = [];
  const checks = new OrderedChecks(
    (value) => (typeof value === 'function' ? (value as () => unknown)() : (value as number) * 2),
    (error) => failures.push(error),
  );
  const pass = (value: unknown) => checks.pass(value, (checked) => log.push(checked));
  const end = () => checks.end(() => log.push('end'));
  return { checks, log, failures, pass, end };
}

describe('OrderedChecks', () => {
  it('hands on at once what needs no time', () => {
    const { checks, log, pass, end } = setUp();
    pass(1);
    pass(2);
    expect(log).toEqual([2, 4]);
    expect(checks.idle()).toBeUndefined();
    end();
    expect(log).toEqual([2, 4, 'end']);
    expect(checks.isClosed).toBe(true);
  });

  it('keeps values, and the end, behind one that needs time', async () => {
    const { log, pass, end } = setUp();
    const slow = deferred<string>();
    pass(1);
    pass(() => slow.promise);
    pass(2);
    end();
    await turn();
    expect(log).toEqual([2]);
    slow.resolve('slow');
    await turn();
    expect(log).toEqual([2, 'slow', 4, 'end']);
  });

  it('checks one value at a time', async () => {
    const { pass } = setUp();
    const slow = deferred<string>();
    let started = false;
    pass(() => slow.promise);
    pass(() => (started = true));
    await turn();
    expect(started).toBe(false);
    slow.resolve('slow');
    await turn();
    expect(started).toBe(true);
  });

  it('keeps the order of what comes while a value is handed on', async () => {
    const { checks, log, pass } = setUp();
    const slow = deferred<string>();
    checks.pass(1, () => {
      pass(() => slow.promise);
      pass(2);
    });
    slow.resolve('slow');
    await turn();
    expect(log).toEqual(['slow', 4]);
  });

  it('keeps the order, whatever needs time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3)), async (delays) => {
        const { log, pass, end } = setUp();
        delays.forEach((turns, index) => pass(turns === 0 ? () => index : () => after(turns, index)));
        end();
        for (let left = delays.length * 4; left >= 0; left -= 1) await turn();
        expect(log).toEqual([...delays.keys(), 'end']);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['throws', () => raise(new Error('no'))],
    ['rejects with', () => Promise.reject(new Error('no'))],
  ])('fails once with what a check %s, and does nothing more', async (_, failing) => {
    const { checks, log, failures, pass, end } = setUp();
    pass(1);
    pass(failing);
    pass(2);
    pass(failing);
    end();
    await turn();
    expect(log).toEqual([2]);
    expect(failures).toEqual([new Error('no')]);
    expect(checks.isClosed).toBe(true);
  });

  it('hands on nothing after it was stopped', async () => {
    for (const settle of ['resolve', 'reject'] as const) {
      const { checks, log, failures, pass, end } = setUp();
      const slow = deferred<unknown>();
      pass(() => slow.promise);
      pass(1);
      end();
      checks.stop();
      slow[settle](new Error('late'));
      pass(1);
      await turn();
      expect([log, failures]).toEqual([[], []]);
    }
  });

  it('is idle when nothing waits, also because it was stopped', async () => {
    const { checks, pass } = setUp();
    const slow = deferred<string>();
    pass(() => slow.promise);
    const idle = checks.idle();
    expect(idle).toBeInstanceOf(Promise);
    slow.resolve('slow');
    await idle;
    expect(checks.idle()).toBeUndefined();
    pass(() => deferred<string>().promise);
    const stopped = checks.idle();
    checks.stop();
    await stopped;
    expect(checks.idle()).toBeUndefined();
  });

  it('is overloaded when too many wait, after those before', async () => {
    const { checks, log, failures, pass } = setUp();
    const slow = deferred<number>();
    pass(() => slow.promise);
    let taken = 0;
    for (; !checks.isClosed; taken += 1) pass(1);
    expect(failures).toEqual([]);
    slow.resolve(0);
    await turn();
    expect(log).toHaveLength(taken);
    expect(taken).toBe(10_001);
    expect(failures).toMatchObject([{ code: 'overloaded' }]);
  });
});

async function after<T>(turns: number, value: T): Promise<T> {
  for (let left = turns; left > 0; left -= 1) await turn();
  return value;
}

function raise(error: Error): never {
  throw error;
}
