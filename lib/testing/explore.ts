import { messageOf } from '../errors/async-call-error.js';
import type { TestFaults } from './test-faults.js';
import type { VirtualTime } from './virtual-time.js';

/** What may go wrong while a test is explored. */
export interface ExploredFaults {
  /** How late messages reach the broker at most, in milliseconds; each is late by chance. Default 50. */
  readonly delayMs: number;
  /** How likely a message is stored twice. Default 0.05. */
  readonly duplicates: number;
  /** How likely a service loses its session with the broker at each step of time. Default 0.02. */
  readonly lostSessions: number;
  /** How likely the broker stops for up to a second at each step of time. Default 0.02. */
  readonly outages: number;
  /** How likely a service's process dies, and is started anew, at each step of time. Default 0. */
  readonly crashes: number;
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
  lostSessions: 0.02,
  outages: 0.02,
  crashes: 0,
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

  constructor(
    private readonly explored: ExploredRun<Tester>,
    private readonly chances: ExploredFaults,
  ) {
    this.environment = explored.time.createProcess();
  }

  async run(seed: number, test: (tester: Tester) => Promise<void>): Promise<void> {
    const { tester, time } = this.explored;
    const { delayMs, duplicates } = this.chances;
    time.drive();
    if (delayMs > 0) tester.faults.delay({ min: 0, max: delayMs });
    if (duplicates > 0) tester.faults.duplicate({}, duplicates);
    try {
      await this.whileFaultsHappen(test(tester));
      tester.faults.clear();
      await tester.faults.startBroker();
      await time.passUntil(tester.settled());
      await tester.close();
    } catch (error) {
      const transcript = tester.transcript();
      // What it has left open is the failure's consequence.
      await tester.close().catch(() => undefined);
      throw new ExplorationError(seed, transcript, error);
    }
  }

  private async whileFaultsHappen(test: Promise<void>): Promise<void> {
    const { time } = this.explored;
    let isOver = false;
    const end = () => (isOver = true);
    test.then(end, end);
    for (await time.rest(); !isOver; await time.rest()) {
      if (time.elapsed > MAX_VIRTUAL_MS)
        throw new Error('the test has not ended within an hour of virtual time');
      await this.maybeFault();
      await time.step(Infinity);
    }
    await test;
  }

  private async maybeFault(): Promise<void> {
    const { tester, time, services } = this.explored;
    const { random } = time;
    const { lostSessions, outages, crashes } = this.chances;
    const someService = () => services[random.below(services.length)];
    if (random.chance(lostSessions)) await tester.faults.loseSession(someService());
    if (random.chance(outages)) await this.outage();
    if (random.chance(crashes)) await time.passUntil(tester.faults.crash(someService()));
  }

  private async outage(): Promise<void> {
    const { tester, time } = this.explored;
    await tester.faults.stopBroker();
    this.environment.setTimeout(() => void tester.faults.startBroker(), time.random.below(MAX_OUTAGE_MS));
  }
}
