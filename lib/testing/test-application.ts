import type { DynamicModule, INestApplication, INestMicroservice, Type } from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { AsyncCallError } from '../errors/async-call-error.js';
import { jsonSerializer } from '../protocol/json-serializer.js';
import type { AsyncCallsOptions } from '../module/async-calls-options.js';
import { connectAsyncCalls } from '../module/connect.js';
import { ASYNC_CALLS_SURROUNDINGS, type Surroundings } from '../module/surroundings.js';
import { AsyncCallsServer } from '../server/async-calls-server.js';
import type { Calls } from './calls.js';
import { SimulatedProcess } from './simulated-process.js';
import { TestingBroker } from './testing-broker.js';
import type { TestWorld } from './test-world.js';

/**
 * An application under test: its root module; a builder with overrides, `Test.createTestingModule(…).overrideProvider(…)`; or
 * an arrow function that makes one, where the application is to be started more than once.
 */
export type TestedApplication = Type | DynamicModule | TestingModuleBuilder | (() => TestingModuleBuilder);

/** A Nest application of either kind. */
export type AnyNestApplication = INestApplication | INestMicroservice;

/** How an application is started. */
export interface ApplicationOptions {
  /** Called before it is initialized: for global pipes, filters, interceptors and guards, as `main.ts` sets them. */
  readonly configure?: (app: AnyNestApplication) => void;
  /** Whether it is an HTTP application, too (on Nest's default platform). Default: if it has several services. */
  readonly http?: boolean;
}

/** One application while it runs in a test. */
export class TestApplication {
  private constructor(
    readonly app: AnyNestApplication,
    readonly services: ReadonlySet<string>,
    readonly process: SimulatedProcess,
  ) {}

  /** Makes it; the returned function starts it. What the modules wait for in between is not of this world, as files are. */
  static async compile(
    tested: TestedApplication,
    options: ApplicationOptions,
    world: TestWorld,
    calls: Calls,
  ): Promise<() => Promise<TestApplication>> {
    const process = new SimulatedProcess(world.time.createProcess());
    const services = new Set<string>();
    const surroundings = surroundingsOf(world, process, calls, services);
    const module = await builderOf(tested)
      .overrideProvider(ASYNC_CALLS_SURROUNDINGS)
      .useValue(surroundings)
      .compile();
    if (services.size === 0) throw noService();
    return async () => new TestApplication(await started(module, options, services), services, process);
  }
}

function surroundingsOf(
  world: TestWorld,
  process: SimulatedProcess,
  calls: Calls,
  services: Set<string>,
): Surroundings {
  const { prefix } = world;
  return {
    environment: process.environment,
    optionsOf: (configured) => {
      const { service, serializer = jsonSerializer } = configured;
      services.add(service);
      const own = `${prefix}${configured.topics?.prefix ?? ''}`;
      const broker = new TestingBroker(world, process, { service, serializer, prefix: own });
      return optionsIn(configured, broker, prefix);
    },
    onCall: (call, service) => calls.add(call, service, process),
    onEnded: ({ group, record, outcome }) => {
      if (process.hasEnded || outcome.kind !== 'settled') return;
      const { as, error } = outcome;
      world.deliveries.end(group, record, { group: group.slice(prefix.length), as, error });
    },
  };
}

/** On a broker that others use, too, everything has a prefix of its own. */
function optionsIn(configured: AsyncCallsOptions, broker: TestingBroker, prefix: string): AsyncCallsOptions {
  if (prefix === '') return { ...configured, broker };
  const { service, topics, delivery } = configured;
  return {
    ...configured,
    broker,
    topics: { ...topics, prefix: `${prefix}${topics?.prefix ?? ''}` },
    delivery: { ...delivery, groupId: `${prefix}${delivery?.groupId ?? service}` },
  };
}

function builderOf(tested: TestedApplication): TestingModuleBuilder {
  if (isFactory(tested)) return tested();
  if (isBuilder(tested)) return tested;
  return Test.createTestingModule({ imports: [tested] });
}

/** Whether it can be started again. */
export function isRepeatable(tested: TestedApplication): boolean {
  return !isBuilder(tested);
}

function isBuilder(tested: TestedApplication): tested is TestingModuleBuilder {
  return typeof tested === 'object' && 'overrideProvider' in tested;
}

/** An arrow function is no class: it has no prototype. */
function isFactory(tested: TestedApplication): tested is () => TestingModuleBuilder {
  return typeof tested === 'function' && !('prototype' in tested);
}

async function started(
  module: TestingModule,
  { configure, http }: ApplicationOptions,
  services: ReadonlySet<string>,
): Promise<AnyNestApplication> {
  if (http ?? services.size > 1) {
    const app = module.createNestApplication();
    configure?.(app);
    connectAsyncCalls(app);
    await app.startAllMicroservices();
    return app.init();
  }
  const app = module.createNestMicroservice({ strategy: module.get(AsyncCallsServer, { strict: false }) });
  configure?.(app);
  await app.listen();
  return app;
}

function noService(): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    'The application under test is no service: import AsyncCallsModule.forRoot({ service, broker }) in its root module.',
  );
}
