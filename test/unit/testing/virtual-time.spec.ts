import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import { VirtualTime } from '../../../lib/testing/virtual-time.js';

function setUp(shuffled = false, seed = 1) {
  const time = new VirtualTime({ seed, shuffled });
  const process = time.createProcess();
  const log: string[] = [];
  const note = (what: string) => () => void log.push(`${what} at ${time.elapsed}`);
  return { time, process, log, note };
}

describe('timers in virtual time', () => {
  it('go off in the order of their times, and of their setting where those are equal', async () => {
    const { time, process, log, note } = setUp();
    process.setTimeout(note('late'), 20);
    process.setTimeout(note('first of two'), 10);
    process.setTimeout(note('second of two'), 10);
    await time.advance(9);
    expect(log).toEqual([]);
    await time.advance(11);
    expect(log).toEqual(['first of two at 10', 'second of two at 10', 'late at 20']);
  });

  it('see the time that they were set for, and so do those that they set', async () => {
    const { time, process, log, note } = setUp();
    const begin = process.now();
    process.setTimeout(() => {
      process.setTimeout(note('inner'), 5);
      log.push(`now ${process.now() - begin}, up ${process.uptime()}`);
    }, 10);
    await time.advance(100);
    expect(log).toEqual(['now 10, up 10', 'inner at 15']);
    expect(time.elapsed).toBe(100);
  });

  it('begin anew when they are refreshed, behind those that are set by then', async () => {
    const { time, process, log, note } = setUp();
    const refreshed = process.setTimeout(note('refreshed'), 10);
    await time.advance(5);
    process.setTimeout(note('other'), 10);
    refreshed.refresh();
    await time.advance(10);
    expect(log).toEqual(['other at 15', 'refreshed at 15']);
    refreshed.refresh();
    await time.advance(10);
    expect(log.at(-1)).toBe('refreshed at 25');
  });

  it('do not go off when they are cleared, by one of the same time either', async () => {
    const { time, process, log, note } = setUp();
    process.setTimeout(() => process.clearTimeout(second), 10);
    const second = process.setTimeout(note('second'), 10);
    process.clearTimeout(undefined);
    await time.advance(10);
    expect(log).toEqual([]);
  });

  it('repeat, until they are cleared, by themselves too', async () => {
    const { time, process, log, note } = setUp();
    const interval = process.setInterval(() => {
      note('tick')();
      if (log.length === 3) process.clearInterval(interval);
    }, 10);
    await time.advance(1_000);
    expect(log).toEqual(['tick at 10', 'tick at 20', 'tick at 30']);
  });

  it.each([0, -1, Number.NaN])('take a millisecond at least (%s)', async (ms) => {
    const { time, process, log, note } = setUp();
    process.setTimeout(note('soon'), ms);
    await time.advance(0);
    expect(log).toEqual([]);
    await time.advance(1);
    expect(log).toEqual(['soon at 1']);
  });
});

describe('tasks in virtual time', () => {
  it('run one after the other, behind the microtasks of the one before, without any time', async () => {
    const { time, process, log, note } = setUp();
    process.setImmediate(() => {
      note('first')();
      queueMicrotask(note('microtask'));
      process.setImmediate(note('third'));
    });
    process.setImmediate(note('second'));
    expect(log).toEqual([]);
    await time.rest();
    expect(log).toEqual(['first at 0', 'microtask at 0', 'second at 0', 'third at 0']);
  });

  it('run in an order that the seed decides where they are shuffled', async () => {
    const orders = await Promise.all(
      [1, 1, 2, 3].map(async (seed) => {
        const { time, process, log } = setUp(true, seed);
        for (let task = 0; task < 20; task++) process.setImmediate(() => log.push(String(task)));
        await time.rest();
        return log;
      }),
    );
    expect(orders[1]).toEqual(orders[0]);
    expect(new Set(orders.map((order) => order.join(' '))).size).toBe(3);
    expect(orders.map((order) => new Set(order).size)).toEqual([20, 20, 20, 20]);
  });

  it('run in the async context in which they were set, and timers too, refreshed or not', async () => {
    const { time, process } = setUp();
    const context = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const see = () => void seen.push(context.getStore());
    const timer = context.run('a', () => {
      process.setImmediate(see);
      return process.setTimeout(see, 10);
    });
    context.run('b', () => process.setImmediate(see));
    await context.run('c', () => time.advance(10));
    context.run('d', () => timer.refresh());
    await time.advance(10);
    expect(seen).toEqual(['a', 'b', 'a', 'a']);
  });

  it('leave the event loop its share, however many follow each other', async () => {
    const { process } = setUp();
    let isOver = false;
    let ran = 0;
    const again = () => {
      ran += 1;
      if (!isOver) process.setImmediate(again);
    };
    again();
    // Without its share this timer of the real process would never go off.
    await new Promise<void>((resolve) => void setTimeout(resolve, 1));
    isOver = true;
    expect(ran).toBeGreaterThan(1);
  });
});

describe('a process in virtual time', () => {
  it('does nothing any more when it has ended, while others go on', async () => {
    const { time, process, log, note } = setUp();
    const other = time.createProcess();
    for (const [name, each] of [
      ['dead', process],
      ['alive', other],
    ] as const) {
      each.setTimeout(note(`${name} timer`), 10);
      each.setInterval(note(`${name} interval`), 15);
      each.setImmediate(note(`${name} task`));
    }
    const timer = process.setTimeout(note('dead refreshed'), 10);
    process.end();
    timer.refresh();
    process.setTimeout(note('dead late timer'), 10);
    process.setImmediate(note('dead late task'));
    await time.advance(20);
    expect(log).toEqual(['alive task at 0', 'alive timer at 10', 'alive interval at 15']);
  });

  it('gets its chance from the seed', () => {
    const chanceOf = (seed: number) => {
      const { process } = setUp(false, seed);
      return [process.random(), process.randomBytes(8).toString('hex')];
    };
    expect(chanceOf(1)).toEqual(chanceOf(1));
    expect(chanceOf(1)).not.toEqual(chanceOf(2));
  });
});

describe('time that passes until something is done', () => {
  it('goes from timer to timer, and yields what comes of it', async () => {
    const { time, process } = setUp();
    process.setInterval(() => undefined, 7);
    const work = new Promise<string>((resolve) => void process.setTimeout(() => resolve('done'), 20));
    expect(await time.passUntil(work)).toBe('done');
    expect(time.elapsed).toBe(20);
    await expect(time.passUntil(Promise.reject(new RangeError('no')))).rejects.toThrow('no');
  });

  it('is an hour at most', async () => {
    const { time, process } = setUp();
    process.setInterval(() => undefined, 600_000);
    await expect(time.passUntil(new Promise(() => undefined))).rejects.toThrow('within an hour');
  });

  it('is what who advances waits for, where somebody else drives', async () => {
    const { time, log, note } = setUp();
    time.drive();
    void time.advance(30).then(note('advanced'));
    await time.rest();
    expect([log, await time.step(29), await time.step(30), await time.step(Infinity)]).toEqual([
      ['advanced at 30'],
      false,
      true,
      false,
    ]);
  });
});
