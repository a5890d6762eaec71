import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import { listed } from './leftovers.js';
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
  /** What was sent until then. */
  readonly transcript: string;

  constructor(
    /** With it, `explore({ seed }, …)` repeats the run exactly. */
    readonly seed: number,
    { transcript, open }: { readonly transcript: string; readonly open: readonly string[] },
    cause: unknown,
  ) {
    const stillOpen = open.length === 0 ? '' : `Still open:${listed(open)}\n\n`;
    super(
      `Seed ${seed} has failed: ${messageOf(cause)}\n\n${stillOpen}` +
        `Run it again with explore({ seed: ${seed} }, …). What was sent:\n${transcript}`,
      { cause },
    );
    this.name = 'ExplorationError';
    this.transcript = transcript;
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

/** Runs a test under many schedules, each with a world of its own. Throws {@link ExplorationError} for the first that fails. */
export async function explore<Tester extends ExplorableTester>(
  begin: (seed: number) => Promise<ExploredRun<Tester>>,
  { seeds = 100, seed, faults }: ExploreOptions,
  test: (tester: Tester) => Promise<void>,
): Promise<void> {
  const bounds = { ...DEFAULT_FAULTS, ...faults };
  assertNumbers({ seeds, seed, ...bounds });
  const all = seed === undefined ? Array.from({ length: seeds }, (_, index) => index + 1) : [seed];
  for (const each of all) {
    const run = await begin(each);
    await new Exploration(run, bounds).run(each, test);
  }
}

function assertNumbers(options: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(options)) {
    const isCount = value === undefined || (Number.isInteger(value) && value >= (name === 'seeds' ? 1 : 0));
    const isRight = name === 'duplicates' ? value !== undefined && value >= 0 && value <= 1 : isCount;
    if (isRight) continue;
    const wanted = name === 'duplicates' ? 'a probability, 0 to 1' : 'a whole number';
    throw new AsyncCallError('invalid-argument', `explore: ${name} is ${value}. Write ${wanted}.`);
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
      const { open } = this.explored;
      const report = { transcript: tester.transcript(), open: open() };
      // What it has left open is the failure's consequence.
      await tester.close().catch(() => undefined);
      throw new ExplorationError(seed, report, error);
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

  private whileFaultsHappen(work: Promise<void>): Promise<void> {
    const beforeStep = async () => {
      for (const fault of this.due.splice(0)) await fault();
    };
    return this.explored.time.passUntil(work, { beforeStep });
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
}
