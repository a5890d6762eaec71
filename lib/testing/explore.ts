import { messageOf } from '../errors/async-call-error.js';
import type { TestFaults } from './test-faults.js';
import type { VirtualTime } from './virtual-time.js';

/** What may go wrong in a run; how much of it does, and when, is for the seed to say. */
export interface ExploredFaults {
  /** How late messages reach the broker at most, in milliseconds. Default 50. */
  readonly delayMs: number;
  /** How likely a message is stored twice. Default 0.05. */
  readonly duplicates: number;
  /** How often services lose their session with the broker at most. Default 2. */
  readonly lostSessions: number;
  /** How often the broker stops at most, for up to a second. Default 1. */
  readonly outages: number;
  /** How often a service's process dies at most, and is started anew. Default 0, for its memory is lost then. */
  readonly crashes: number;
  /** Within which time from the beginning, in milliseconds, the last three happen. Default 1,000. */
  readonly withinMs: number;
}

/** What is explored. */
export interface ExploreOptions {
  /** How many schedules are tried: those of the seeds 1, 2, 3 … */
  readonly seeds?: number;
  /** The one seed to run: to repeat a run that has failed. */
  readonly seed?: number;
  readonly faults?: Partial<ExploredFaults>;
}

/** A test under a schedule that has failed. */
export class ExplorationError extends Error {
  constructor(
    /** With it, `explore({ seed }, …)` repeats the run exactly. */
    readonly seed: number,
    /** What was sent until then. */
    readonly transcript: string,
    cause: unknown,
  ) {
    super(
      `Seed ${seed} has failed: ${messageOf(cause)}\n\nRun it again with explore({ seed: ${seed} }, …). What was sent:\n${transcript}`,
      { cause },
    );
    this.name = 'ExplorationError';
  }
}

/** One run of a test. */
export interface ExploredRun<Tester> {
  readonly tester: Tester;
  readonly time: VirtualTime;
  readonly services: readonly string[];
  /** What is open now, a line each. */
  readonly open: () => readonly string[];
}

/** What of a tester the exploration needs. */
interface ExplorableTester {
  readonly faults: TestFaults;
  transcript(): string;
  settled(): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_FAULTS: ExploredFaults = {
  delayMs: 50,
  duplicates: 0.05,
  lostSessions: 2,
  outages: 1,
  crashes: 0,
  withinMs: 1_000,
};
const MAX_OUTAGE_MS = 1_000;
/** A test that has not ended by then does not end. */
const MAX_VIRTUAL_MS = 3_600_000;

/** Runs a test under many schedules, each with a world of its own. Throws {@link ExplorationError} for the first that fails. */
export async function explore<Tester extends ExplorableTester>(
  begin: (seed: number) => Promise<ExploredRun<Tester>>,
  { seeds = 100, seed, faults }: ExploreOptions,
  test: (tester: Tester) => Promise<void>,
): Promise<void> {
  const all = seed === undefined ? Array.from({ length: seeds }, (_, index) => index + 1) : [seed];
  for (const each of all) {
    const run = await begin(each);
    await new Exploration(run, { ...DEFAULT_FAULTS, ...faults }).run(each, test);
  }
}

class Exploration<Tester extends ExplorableTester> {
  private readonly environment;
  /** Faults whose time has come. */
  private readonly due: (() => Promise<void>)[] = [];

  constructor(
    private readonly explored: ExploredRun<Tester>,
    private readonly bounds: ExploredFaults,
  ) {
    this.environment = explored.time.createProcess();
  }

  async run(seed: number, test: (tester: Tester) => Promise<void>): Promise<void> {
    const { tester, time } = this.explored;
    time.drive();
    this.plan();
    try {
      await this.whileFaultsHappen(test(tester));
      this.environment.end();
      tester.faults.clear();
      await tester.faults.startBroker();
      await this.whileFaultsHappen(tester.settled());
      await tester.close();
    } catch (error) {
      const transcript = tester.transcript();
      // What it has left open is the failure's consequence.
      await tester.close().catch(() => undefined);
      throw new ExplorationError(seed, transcript, error);
    }
  }

  private plan(): void {
    const { faults } = this.explored.tester;
    const { delayMs, duplicates, lostSessions, outages, crashes } = this.bounds;
    if (delayMs > 0) faults.delay({ min: 0, max: delayMs });
    if (duplicates > 0) faults.duplicate({}, duplicates);
    this.planUpTo(lostSessions, () => faults.loseSession(this.someService()));
    this.planUpTo(outages, () => this.outage());
    this.planUpTo(crashes, () => faults.crash(this.someService()));
  }

  private planUpTo(count: number, fault: () => Promise<void>): void {
    const { random } = this.explored.time;
    for (let left = random.below(count + 1); left > 0; left--) {
      this.environment.setTimeout(() => this.due.push(fault), random.below(this.bounds.withinMs));
    }
  }

  private async whileFaultsHappen(work: Promise<void>): Promise<void> {
    const { time } = this.explored;
    let isOver = false;
    const end = () => (isOver = true);
    work.then(end, end);
    for (await time.rest(); !isOver; await time.rest()) {
      if (time.elapsed > MAX_VIRTUAL_MS) throw this.endless();
      for (const fault of this.due.splice(0)) await fault();
      await time.step(Infinity);
    }
    await work;
  }

  private async outage(): Promise<void> {
    const { tester, time } = this.explored;
    await tester.faults.stopBroker();
    this.environment.setTimeout(() => void tester.faults.startBroker(), time.random.below(MAX_OUTAGE_MS));
  }

  private someService(): string {
    const { services, time } = this.explored;
    return services[time.random.below(services.length)];
  }

  private endless(): Error {
    const open = this.explored.open().map((each) => `\n  - ${each}`);
    return new Error(
      `the test has not ended within an hour of virtual time; it has left open:${open.join('')}`,
    );
  }
}
