import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LaneScheduler } from '../../../lib/delivery/lane-scheduler.js';
import { deferred } from '../support/deferred.js';
import { turn } from '../support/scripted-producer.js';

interface Job {
  readonly name: string;
  readonly lane: string | null;
  end(): void;
}

/** A scheduler whose tasks end when the test says. */
class Bench {
  readonly scheduler: LaneScheduler;
  /** The names of all jobs that were started, in their order. */
  readonly started: string[] = [];
  running: Job[] = [];

  constructor(readonly concurrency: number) {
    this.scheduler = new LaneScheduler(concurrency);
  }

  submit(name: string, lane: string | null): void {
    this.scheduler.submit(lane, () => {
      const { promise, resolve } = deferred();
      const job: Job = { name, lane, end: resolve };
      this.started.push(name);
      this.running.push(job);
      return promise;
    });
  }

  async end(name: string): Promise<void> {
    const job = this.running.find((each) => each.name === name)!;
    this.running = this.running.filter((each) => each !== job);
    job.end();
    await turn();
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
    expect(bench.scheduler.running).toBe(2);
  });

  it('lets no lane wait for all of another', async () => {
    const bench = new Bench(1);
    for (const name of ['a1', 'a2', 'a3']) bench.submit(name, 'a');
    bench.submit('b1', 'b');
    bench.submit('free', null);
    for (const name of ['a1', 'b1', 'free', 'a2']) await bench.end(name);
    expect(bench.started).toEqual(['a1', 'b1', 'free', 'a2', 'a3']);
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

  const anyStep = fc.oneof(
    { weight: 3, arbitrary: fc.record({ submit: fc.constantFrom('a', 'b', 'c', null) }) },
    { weight: 2, arbitrary: fc.record({ end: fc.nat() }) },
  );

  it('does what a queue of lanes does, whatever ends first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(anyStep, { maxLength: 50 }),
        async (concurrency, steps) => {
          const bench = new Bench(concurrency);
          const waiting: { name: string; lane: string | null }[] = [];
          for (const [index, step] of steps.entries()) {
            if ('submit' in step) {
              waiting.push({ name: `${index}`, lane: step.submit });
              bench.submit(`${index}`, step.submit);
            } else if (bench.running.length > 0) {
              await bench.end(bench.running[step.end % bench.running.length].name);
            }
            expectAllowed(bench, waiting);
          }
          while (bench.running.length > 0) await bench.end(bench.running[0].name);
          expect(bench.scheduler.running).toBe(0);
          expectInLaneOrder(bench, waiting);
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** Never too many, never two of a lane, and no room left while somebody could run. */
function expectAllowed(bench: Bench, submitted: readonly { name: string; lane: string | null }[]): void {
  const { running, started, concurrency, scheduler } = bench;
  expect(scheduler.running).toBe(running.length);
  expect(running.length).toBeLessThanOrEqual(concurrency);
  const lanes = running.flatMap(({ lane }) => lane ?? []);
  expect(new Set(lanes).size).toBe(lanes.length);
  const runnable = submitted.filter(
    ({ name, lane }) => !started.includes(name) && (lane === null || !lanes.includes(lane)),
  );
  if (running.length < concurrency) expect(runnable).toEqual([]);
}

/** All have run, each once, and each lane in its order. */
function expectInLaneOrder(
  { started }: Bench,
  submitted: readonly { name: string; lane: string | null }[],
): void {
  expect(started.toSorted()).toEqual(submitted.map(({ name }) => name).toSorted());
  for (const lane of ['a', 'b', 'c']) {
    const names = submitted.filter((job) => job.lane === lane).map(({ name }) => name);
    expect(started.filter((name) => names.includes(name))).toEqual(names);
  }
}
