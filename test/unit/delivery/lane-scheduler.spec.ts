import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Gate, type Intermission, LaneScheduler } from '../../../lib/delivery/lane-scheduler.js';
import { deferred } from '../support/deferred.js';
import { turn } from '../support/scripted-producer.js';

interface Job {
  readonly name: string;
  readonly lane: string | null;
  readonly gate?: string;
}

interface RunningJob extends Job {
  end(): void;
}

/** A scheduler whose tasks end when the test says. */
class Bench {
  readonly scheduler: LaneScheduler;
  /** The names of all jobs that were started, in their order. */
  readonly started: string[] = [];
  readonly submitted: Job[] = [];
  running: RunningJob[] = [];
  private readonly gates = new Map<string, Gate>();

  constructor(
    readonly concurrency: number,
    readonly limits: Readonly<Record<string, number>> = {},
  ) {
    this.scheduler = new LaneScheduler(concurrency);
    for (const [name, limit] of Object.entries(limits)) this.gates.set(name, new Gate(limit));
  }

  submit(name: string, lane: string | null, gate?: string): void {
    this.submitted.push({ name, lane, gate });
    const task = () => {
      const { promise, resolve } = deferred();
      this.started.push(name);
      this.running.push({ name, lane, gate, end: resolve });
      return promise;
    };
    this.scheduler.submit(lane, task, gate === undefined ? undefined : this.gates.get(gate));
  }

  async end(name: string): Promise<void> {
    const job = this.running.find((each) => each.name === name)!;
    this.running = this.running.filter((each) => each !== job);
    job.end();
    await turn();
  }

  async endAll(): Promise<void> {
    while (this.running.length > 0) await this.end(this.running[0].name);
  }
}

describe('LaneScheduler', () => {
  it('runs the tasks of a lane one after the other, and lanes side by side', async () => {
    const bench = new Bench(10);
    bench.submit('a1', 'a');
    bench.submit('a2', 'a');
    bench.submit('b1', 'b');
    expect(bench.started).toEqual(['a1', 'b1']);
    await bench.end('a1');
    expect(bench.started).toEqual(['a1', 'b1', 'a2']);
  });

  it('runs tasks without a lane beside each other', () => {
    const bench = new Bench(2);
    for (const name of ['1', '2', '3']) bench.submit(name, null);
    expect(bench.started).toEqual(['1', '2']);
  });

  it('lets no lane wait for all of another', async () => {
    const bench = new Bench(1);
    for (const name of ['a1', 'a2', 'a3']) bench.submit(name, 'a');
    bench.submit('b1', 'b');
    bench.submit('free', null);
    for (const name of ['a1', 'b1', 'free', 'a2']) await bench.end(name);
    expect(bench.started).toEqual(['a1', 'b1', 'free', 'a2', 'a3']);
  });

  it('lets only so many through a gate, without taking the room of others', async () => {
    const bench = new Bench(3, { slow: 1 });
    for (const name of ['s1', 's2', 's3']) bench.submit(name, null, 'slow');
    for (const name of ['1', '2', '3']) bench.submit(name, null);
    expect(bench.started).toEqual(['s1', '1', '2']);
    await bench.end('s1');
    expect(bench.started).toEqual(['s1', '1', '2', '3']);
    await bench.end('1');
    expect(bench.started).toEqual(['s1', '1', '2', '3', 's2']);
  });

  it('keeps the order of a lane whose tasks have different gates', async () => {
    const bench = new Bench(3, { slow: 1 });
    bench.submit('s1', null, 'slow');
    bench.submit('a1', 'a', 'slow');
    bench.submit('a2', 'a');
    expect(bench.started).toEqual(['s1']);
    await bench.end('s1');
    await bench.end('a1');
    expect(bench.started).toEqual(['s1', 'a1', 'a2']);
  });

  it('gives the place of a task that pauses to others, and keeps its lane', async () => {
    const scheduler = new LaneScheduler(1);
    const log: string[] = [];
    const pause = deferred();
    const other = deferred();
    scheduler.submit('a', async (intermission) => {
      log.push('a1 runs');
      await intermission(() => pause.promise);
      log.push('a1 is back');
    });
    scheduler.submit('a', async () => void log.push('a2 runs'));
    scheduler.submit(null, async () => {
      log.push('other runs');
      await other.promise;
    });
    await turn();
    pause.resolve();
    await turn();
    expect(log).toEqual(['a1 runs', 'other runs']);
    other.resolve();
    await turn();
    expect(log).toEqual(['a1 runs', 'other runs', 'a1 is back', 'a2 runs']);
  });

  it('gives the place in a gate to others too, also when the pause fails', async () => {
    const scheduler = new LaneScheduler(3);
    const gate = new Gate(1);
    const pause = deferred();
    const log: string[] = [];
    const paused = async (intermission: Intermission) => {
      await intermission(() => pause.promise).catch(() => log.push('failed'));
    };
    scheduler.submit(null, paused, gate);
    scheduler.submit(null, async () => void log.push('next runs'), gate);
    await turn();
    expect(log).toEqual(['next runs']);
    pause.reject(new Error('no'));
    await turn();
    scheduler.submit(null, async () => void log.push('last runs'), gate);
    await turn();
    expect(log).toEqual(['next runs', 'failed', 'last runs']);
  });

  it('takes thousands', async () => {
    const bench = new Bench(1_500);
    for (let index = 0; index < 5_000; index += 1) bench.submit(`${index}`, null);
    while (bench.running.length > 0) {
      for (const job of bench.running.splice(0)) job.end();
      await turn();
    }
    expect(bench.started).toEqual(Array.from({ length: 5_000 }, (_, index) => `${index}`));
  });

  const anyLane = fc.constantFrom('a', 'b', 'c', null);
  const anyGate = fc.constantFrom('slow', 'slower', undefined);
  const anyStep = fc.oneof(
    { weight: 3, arbitrary: fc.record({ submit: anyLane, gate: anyGate }) },
    { weight: 2, arbitrary: fc.record({ end: fc.nat() }) },
  );

  it('does what a queue of lanes and gates does, whatever ends first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(anyStep, { maxLength: 50 }),
        async (concurrency, steps) => {
          const bench = new Bench(concurrency, { slow: 2, slower: 1 });
          for (const [index, step] of steps.entries()) {
            if ('submit' in step) bench.submit(`${index}`, step.submit, step.gate);
            else if (bench.running.length > 0) {
              await bench.end(bench.running[step.end % bench.running.length].name);
            }
            expectAllowed(bench);
          }
          await bench.endAll();
          expectInLaneOrder(bench);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('starves nobody: what waits is started when as many have ended as were ahead of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyLane, { minLength: 1, maxLength: 40 }), async (lanes) => {
        const bench = new Bench(2);
        lanes.forEach((lane, index) => bench.submit(`${index}`, lane));
        bench.submit('last', 'of its own');
        // Each lane goes before it once at most, each task without a lane once.
        const ahead = new Set(lanes.map((lane, index) => lane ?? index)).size;
        for (let ended = 0; ended < ahead && bench.running.length > 0; ended += 1)
          await bench.end(bench.running[0].name);
        expect(bench.started).toContain('last');
        await bench.endAll();
      }),
      { numRuns: 100 },
    );
  });
});

/** Never too many, never two of a lane, never too many of a gate, and no room left while somebody could run. */
function expectAllowed({ running, started, submitted, concurrency, limits }: Bench): void {
  expect(running.length).toBeLessThanOrEqual(concurrency);
  const lanes = running.flatMap(({ lane }) => lane ?? []);
  expect(new Set(lanes).size).toBe(lanes.length);
  const inside = (gate: string) => running.filter((job) => job.gate === gate).length;
  const isFull = (gate?: string) => gate !== undefined && inside(gate) >= (limits[gate] ?? Infinity);
  for (const [gate, limit] of Object.entries(limits)) expect(inside(gate)).toBeLessThanOrEqual(limit);
  if (running.length === concurrency) return;
  const waiting = submitted.filter(({ name }) => !started.includes(name));
  const isFirst = (job: Job) => waiting.find(({ lane }) => lane === job.lane) === job;
  const runnable = waiting.filter(
    (job) => !isFull(job.gate) && (job.lane === null || (!lanes.includes(job.lane) && isFirst(job))),
  );
  expect(runnable).toEqual([]);
}

/** All have run, each once, and each lane in its order. */
function expectInLaneOrder({ started, submitted }: Bench): void {
  expect(started.toSorted()).toEqual(submitted.map(({ name }) => name).toSorted());
  for (const lane of ['a', 'b', 'c']) {
    const names = submitted.filter((job) => job.lane === lane).map(({ name }) => name);
    expect(started.filter((name) => names.includes(name))).toEqual(names);
  }
}
