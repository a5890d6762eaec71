import { AsyncCallError } from '../errors/async-call-error.js';
import type { Calls } from './calls.js';
import {
  type ApplicationOptions,
  isRepeatable,
  TestApplication,
  type TestedApplication,
} from './test-application.js';
import type { TestWorld } from './test-world.js';

interface Running {
  readonly tested: TestedApplication;
  current: TestApplication;
}

/** The applications under test. */
export class TestApplications {
  private constructor(
    private readonly running: readonly Running[],
    private readonly options: ApplicationOptions,
    private readonly world: TestWorld,
    private readonly calls: Calls,
  ) {}

  static async start(
    tested: readonly TestedApplication[],
    options: ApplicationOptions,
    world: TestWorld,
    calls: Calls,
  ): Promise<TestApplications> {
    const starts = await Promise.allSettled(
      tested.map(async (each) => ({
        tested: each,
        current: await (await TestApplication.compile(each, options, world, calls))(),
      })),
    );
    const running = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const applications = new TestApplications(running, options, world, calls);
    const failed = starts.find((start) => start.status === 'rejected');
    if (!failed) return applications;
    await applications.close();
    throw failed.reason;
  }

  get all(): TestApplication[] {
    return this.running.map(({ current }) => current);
  }

  /** Each once, also where several applications are instances of it. */
  get services(): string[] {
    return [...new Set(this.all.flatMap(({ services }) => [...services]))];
  }

  /** The application of a service. Throws `invalid-argument` if it is not under test. */
  of(service: string): TestApplication {
    return this.find(service).current;
  }

  /** Kills the application of a service, and makes it anew; the returned function starts it. */
  async crash(service: string): Promise<() => Promise<void>> {
    const running = this.find(service);
    if (!isRepeatable(running.tested)) throw notRepeatable();
    running.current.process.kill();
    const start = await TestApplication.compile(running.tested, this.options, this.world, this.calls);
    return async () => {
      running.current = await start();
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ app }) => app.close()));
  }

  private find(service: string): Running {
    const running = this.running.find(({ current }) => current.services.has(service));
    if (running) return running;
    throw new AsyncCallError(
      'invalid-argument',
      `"${service}" is not under test; the services of this test are ${this.services.join(', ')}.`,
    );
  }
}

/** What to write so that an application can be started more than once. */
export function notRepeatable(): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    'This application can be started only once, for a builder compiles once. Give its module, or a function that makes the ' +
      'builder: AsyncCallsTesting.start(() => Test.createTestingModule({ imports: [AppModule] })).',
  );
}
