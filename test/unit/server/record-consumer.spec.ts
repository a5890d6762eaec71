import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { decodeCompleted } from '../../../lib/delivery/completed-offsets.js';
import { ABANDONED, type Delivery, type Outcome, SETTLED } from '../../../lib/delivery/delivery.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { Intake } from '../../../lib/server/intake.js';
import { RecordConsumer } from '../../../lib/server/record-consumer.js';
import { ScriptedGroup, type Stored } from './scripted-group.js';

const COMMIT_MS = 100;
const DRAIN_MS = 1_000;
const CONCURRENCY = 3;
const MAX_IN_FLIGHT = 6;

/** A record that is being run, until the test ends it. */
interface Running {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | undefined;
  end(): void;
}

/** A request consumer on a scripted group, watched: whatever breaks a promise is in `violations`. */
class Bench {
  readonly violations: string[] = [];
  /** What a drain has not waited for: partitions, and how many records of each. */
  readonly cutOff: [number, number][] = [];
  readonly finished: Set<bigint>[];
  readonly group: ScriptedGroup;
  running: Running[] = [];
  private readonly consumer: RecordConsumer;

  constructor(readonly logs: readonly (readonly (string | null)[])[]) {
    this.finished = logs.map(() => new Set());
    this.group = new ScriptedGroup(logs, (partition, stored) => this.checkCommit(partition, stored));
    const intake = new Intake({
      concurrency: CONCURRENCY,
      maxInFlight: MAX_IN_FLIGHT,
      handle: (delivery) => this.handle(delivery),
      laneOf: ({ key }) => key,
    });
    this.consumer = new RecordConsumer({
      broker: this.group.broker,
      environment: systemEnvironment,
      identity: { clientId: 'test' },
      groupId: 'g',
      topics: ['t'],
      startFrom: () => 'earliest',
      settings: {
        commitIntervalMs: COMMIT_MS,
        drainTimeoutMs: DRAIN_MS,
        rebalanceTimeoutMs: 60_000,
        sessionTimeoutMs: 30_000,
      },
      intakeOf: () => intake,
      onReceived: () => undefined,
      onState: () => undefined,
      onHeldBack: () => undefined,
      onCutOff: ({ partition }, count) => this.cutOff.push([partition, count]),
      onCommitError: (error) => this.violations.push(`commit error: ${String(error)}`),
    });
  }

  async start(): Promise<void> {
    await this.consumer.start();
    this.logs.forEach((_, partition) => this.group.assign(partition));
  }

  /** Ends one of those that run. */
  async end(index: number): Promise<void> {
    this.running[index % Math.max(1, this.running.length)]?.end();
    await this.settle();
  }

  /** Lets this much time pass. */
  async pass(ms: number): Promise<void> {
    await jest.advanceTimersByTimeAsync(ms);
  }

  /** Lets promises settle. */
  settle(): Promise<void> {
    return this.pass(0);
  }

  /** Lets all that is left be done and committed; what was done and lost before its commit is run again. */
  async finish(): Promise<void> {
    const isDone = () =>
      this.logs.every((log, partition) => this.group.committed.get(partition)?.offset === BigInt(log.length));
    for (let round = 0; round < 200 && !isDone(); round += 1) {
      await this.pass(DRAIN_MS);
      this.logs.forEach((log, partition) => {
        this.group.assign(partition);
        this.group.deliver(partition, log.length);
      });
      while (this.running.length > 0) await this.end(0);
    }
    await this.consumer.close();
  }

  private async handle({ record, owner }: Delivery): Promise<Outcome> {
    const { partition, offset } = record;
    const key = record.key?.toString();
    this.checkStart({ partition, offset, key });
    await new Promise<void>((end) => {
      const running: Running = { partition, offset, key, end };
      this.running.push(running);
      owner.gone.onAbort(end);
    });
    this.running = this.running.filter((each) => each.partition !== partition || each.offset !== offset);
    if (owner.gone.aborted) return ABANDONED;
    this.finished[partition].add(offset);
    return SETTLED.served;
  }

  private checkStart({ partition, offset, key }: Omit<Running, 'end'>): void {
    const where = `${partition}@${offset}`;
    if (this.running.length >= CONCURRENCY) this.violations.push(`${where} runs, though there is no room`);
    const sameKey = this.running.some((each) => each.partition === partition && each.key === key);
    if (key !== undefined && sameKey) this.violations.push(`${where} runs beside another of its key`);
    const { offset: mark = 0n, metadata = '' } = this.group.committed.get(partition) ?? {};
    if (offset < mark || decodeCompleted(mark, metadata).has(offset))
      this.violations.push(`${where} runs, though it is committed as done`);
  }

  private checkCommit(partition: number, { offset, metadata }: Stored): void {
    const said = [...decodeCompleted(offset, metadata)];
    for (let each = 0n; each < offset; each += 1n) said.push(each);
    const wrong = said.filter((each) => !this.finished[partition].has(each));
    if (wrong.length > 0)
      this.violations.push(`commit of ${partition}@${offset} says ${wrong.join()} are done`);
  }
}

const anyPartition = fc.nat(2);
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ deliver: anyPartition, count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 5, arbitrary: fc.record({ end: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.constantFrom(COMMIT_MS, DRAIN_MS) }) },
  { weight: 1, arbitrary: fc.record({ revoke: anyPartition }) },
  { weight: 1, arbitrary: fc.record({ lose: anyPartition }) },
  { weight: 2, arbitrary: fc.record({ assign: anyPartition }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

async function take(bench: Bench, step: Step): Promise<void> {
  const { group } = bench;
  if ('deliver' in step) group.deliver(step.deliver, step.count);
  else if ('end' in step) await bench.end(step.end);
  else if ('pass' in step) await bench.pass(step.pass);
  else if ('revoke' in step) void group.revoke([step.revoke]);
  else if ('lose' in step) group.lose(step.lose);
  else group.assign(step.assign);
  await bench.settle();
}

describe('RecordConsumer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const anyLog = fc.array(fc.constantFrom('a', 'b', null), { minLength: 1, maxLength: 12 });

  it('commits nothing that is not done, runs no key beside itself, and all to its end, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(anyLog, anyLog, anyLog),
        fc.array(anyStep, { maxLength: 60 }),
        async (logs, steps) => {
          const bench = new Bench(logs);
          await bench.start();
          for (const step of steps) await take(bench, step);
          await bench.finish();
          expect(bench.violations).toEqual([]);
          expect(bench.finished.map(({ size }) => size)).toEqual(logs.map(({ length }) => length));
          expect(logs.map((_, partition) => bench.group.committed.get(partition)?.offset)).toEqual(
            logs.map(({ length }) => BigInt(length)),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  it('pauses what there is no room for, and goes on at half of it', async () => {
    const bench = new Bench([Array.from({ length: 20 }, () => null), ['a']]);
    await bench.start();
    bench.group.deliver(0, MAX_IN_FLIGHT);
    expect(bench.group.paused).toEqual(new Set([0, 1]));
    await bench.settle();
    for (let ended = 0; ended < MAX_IN_FLIGHT / 2 - 1; ended += 1) await bench.end(0);
    expect(bench.group.paused.size).toBe(2);
    await bench.end(0);
    expect(bench.group.paused.size).toBe(0);
    await bench.finish();
    expect(bench.violations).toEqual([]);
  });

  it('tells what has not ended when the time of a drain was over', async () => {
    const bench = new Bench([[null, null], [null]]);
    await bench.start();
    bench.group.deliver(0, 2);
    bench.group.deliver(1, 1);
    await bench.settle();
    const revoked = bench.group.revoke([0, 1]);
    await bench.end(2);
    await bench.pass(DRAIN_MS);
    await revoked;
    expect(bench.cutOff).toEqual([[0, 2]]);
    await bench.finish();
    expect(bench.violations).toEqual([]);
  });
});
