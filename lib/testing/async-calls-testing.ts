import type { Broker } from '../broker/broker.js';
import type { CallTarget } from '../client/call-address.js';
import type { CallOptions } from '../client/call-options.js';
import type { PublishOptions } from '../client/publish-options.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import {
  type EndpointAddress,
  type EndpointTarget,
  normalizeEndpoint,
  parseTarget,
} from '../protocol/endpoint-address.js';
import {
  type AnyEndpointContract,
  type EndpointContract,
  isEndpointContract,
} from '../protocol/endpoint-contract.js';
import { type AnyEventContract, type EventContract, isEventContract } from '../protocol/event-contract.js';
import { Calls } from './calls.js';
import type { Handled } from './deliveries.js';
import type { FakeEndpoint } from './fake-endpoint.js';
import { explore, type ExploreOptions } from './explore.js';
import { Fakes } from './fakes.js';
import { HandlerResponses, type RespondOptions } from './handler-responses.js';
import { assertNothingOpen, openIn } from './leftovers.js';
import type { SentMessage } from './sent-message.js';
import { matches, type SentFilter } from './sent-messages.js';
import {
  type AnyNestApplication,
  type ApplicationOptions,
  isRepeatable,
  type TestedApplication,
} from './test-application.js';
import { notRepeatable, TestApplications } from './test-applications.js';
import { deleteTopics, onlyInMemory, realWorld, type VirtualWorld, virtualWorld } from './test-brokers.js';
import { SimulatedProcess } from './simulated-process.js';
import { StuckHint } from './stuck-hint.js';
import { TestClient, type TestedResponse } from './test-client.js';
import { TestFaults } from './test-faults.js';
import { transcriptOf } from './transcript.js';
import type { TestWorld } from './test-world.js';
import type { FakeTimers } from './virtual-time.js';

/** How a test is set up. */
export interface TestingOptions extends ApplicationOptions {
  /**
   * A real broker to run on, `kafkajs({ brokers: [...] })`, with topics and groups of this test's own, and real time. Default: a
   * broker of the test's own in memory, and virtual time.
   */
  readonly broker?: Broker;
  /** What everything random is derived from, so that a run can be repeated. Default 1. */
  readonly seed?: number;
  /**
   * Fake timers that virtual time carries along, for handlers that set timers: `vi`, or `jest`, after
   * `jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] })`. Default: none.
   */
  readonly timers?: FakeTimers;
}

/**
 * Applications under test, with the real protocol, codecs and delivery pipeline, and without a broker: nothing waits for
 * a network, a process or a clock. Start it with {@link AsyncCallsTesting.start}, and end it with {@link close}.
 */
export class AsyncCallsTesting {
  /** Makes things go wrong. */
  readonly faults: TestFaults;
  private readonly fakes: Fakes;
  private readonly handlerResponses: HandlerResponses;
  private readonly hint = new StuckHint(() => this.open());
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly world: TestWorld,
    private readonly virtual: VirtualWorld | undefined,
    private readonly applications: TestApplications,
    private readonly client: TestClient,
    private readonly calls: Calls,
    /** Starts the same anew, under a schedule that a seed decides. */
    private readonly startAgain: (seed: number) => Promise<AsyncCallsTesting>,
  ) {
    this.faults = new TestFaults(world, applications, virtual);
    this.handlerResponses = new HandlerResponses(world, new SimulatedProcess(world.time.createProcess()));
    this.fakes = new Fakes(world, (service) => applications.services.includes(service));
  }

  /**
   * Starts one application or several, as they are, on a broker of the test's own. Resolves when all of them serve. Rejects
   * with what prevents it, as their own start would.
   */
  static async start(
    applications: TestedApplication | readonly TestedApplication[],
    options: TestingOptions = {},
  ): Promise<AsyncCallsTesting> {
    const tested = isList(applications) ? applications : [applications];
    return this.begin(tested, options, false);
  }

  private static async begin(
    tested: readonly TestedApplication[],
    options: TestingOptions,
    shuffled: boolean,
  ): Promise<AsyncCallsTesting> {
    const { broker, seed = 1, timers } = options;
    if (shuffled && !tested.every(isRepeatable)) throw notRepeatable();
    const virtual = broker ? undefined : virtualWorld({ seed, timers, shuffled });
    const world = broker ? realWorld(broker) : virtual!.world;
    const calls = new Calls();
    const running = await TestApplications.start(tested, options, world, calls);
    const client = new TestClient(world, calls);
    await client.connect();
    return new AsyncCallsTesting(world, virtual, running, client, calls, (other) =>
      this.begin(tested, { ...options, seed: other }, true),
    );
  }

  /** The application under test; of several, the first. */
  get app(): AnyNestApplication {
    return this.applications.all[0].app;
  }

  /** The application of a service. */
  appOf(service: string): AnyNestApplication {
    return this.applications.of(service).app;
  }

  /**
   * Calls an endpoint, as another service would, `call('/order', data)` or `call('pizza/order', data)`. Resolves at the end of
   * the stream with its responses and, if it has failed, the failure behind them. With a contract, the types are known;
   * its schemas are left to the service.
   */
  call<T = unknown>(
    target: EndpointTarget,
    data?: unknown,
    options?: CallOptions,
  ): Promise<TestedResponse<T>[]>;
  call<Req, Res>(
    contract: EndpointContract<Req, Res, unknown, never>,
    data: NoInfer<Req>,
    options?: CallOptions,
  ): Promise<TestedResponse<Res>[]>;
  call(
    target: EndpointTarget | AnyEndpointContract,
    data?: unknown,
    options: CallOptions = {},
  ): Promise<TestedResponse[]> {
    this.assertRunning();
    return this.patiently(this.client.call(this.targetOf(target), data, options));
  }

  /**
   * Calls an endpoint one-way. Resolves when the service has dealt with it, retries included, with what has become of it.
   * Rejects if it cannot be sent.
   */
  async emit(
    target: EndpointTarget | AnyEndpointContract,
    data?: unknown,
    options: CallOptions = {},
  ): Promise<Handled> {
    this.assertRunning();
    const [handled] = await this.patiently(this.client.send(this.targetOf(target), data, options));
    return handled;
  }

  /**
   * Publishes an event. Resolves when each group that subscribes to it has dealt with it, with what has become of it in each.
   * Rejects if it cannot be sent.
   */
  publish<T>(topic: string, event: T, options?: PublishOptions): Promise<Handled[]>;
  publish<T>(
    contract: EventContract<T, unknown>,
    event: NoInfer<T>,
    options?: PublishOptions,
  ): Promise<Handled[]>;
  publish(
    subject: string | AnyEventContract,
    event: unknown,
    options: PublishOptions = {},
  ): Promise<Handled[]> {
    this.assertRunning();
    const target = isEventContract(subject)
      ? { topic: subject.name, type: subject.type }
      : { topic: subject, type: options.type };
    return this.patiently(this.client.send(target, event, options));
  }

  /**
   * Answers a call to an endpoint that a service under test is said to have made with `responses: 'handlers'`: the values, each
   * as a response of its own, and the end come to its `@AsyncResponse` methods. Resolves when all have been dealt with.
   */
  respond(
    target: EndpointTarget | AnyEndpointContract,
    values: readonly unknown[],
    options: RespondOptions = {},
  ): Promise<Handled[]> {
    const from = addressOf(target);
    const to = options.to ?? this.onlyService(`respond(…, { to: '${this.applications.services[0]}' })`);
    return this.patiently(this.handlerResponses.send(from, to, values, options));
  }

  /** Stands in for an endpoint of a service that is not under test; see {@link FakeEndpoint}. */
  fake(target: EndpointTarget | AnyEndpointContract): FakeEndpoint {
    return this.fakes.of(addressOf(target));
  }

  /** What was sent by now and stored, in order, or those of it that are meant. What the test itself has sent is from `test`. */
  sent(which: SentFilter = {}): SentMessage[] {
    return this.world.log.all().filter((message) => matches(message, which));
  }

  /** What was sent, a line each: who, to whom, endpoint, kind, sequence, value. */
  transcript(which?: SentFilter): string {
    return transcriptOf(this.sent(which));
  }

  /** Lets time pass, with all that happens meanwhile, in its order. On a real broker it waits. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0))
      throw new AsyncCallError('invalid-argument', `advance(${ms}): give milliseconds, 0 or more.`);
    await this.world.time.advance(ms);
  }

  /** Resolves when every message that was sent has been dealt with, those that came of it too. */
  async settled(): Promise<void> {
    await this.world.time.rest();
    await this.patiently(this.world.deliveries.allEnded());
  }

  /**
   * Runs a test again and again, each time with applications of its own, under a schedule that a seed decides: messages
   * overtake each other, come late and twice, sessions end, the broker stops. Time passes by itself. What the test leaves open
   * fails it. Throws {@link ExplorationError} with the seed of the first run that fails. Only on the memory broker.
   *
   * A run is repeated exactly if the handlers wait for nothing outside of this process.
   */
  async explore(options: ExploreOptions, test: (tester: AsyncCallsTesting) => Promise<void>): Promise<void> {
    if (!this.virtual) throw onlyInMemory('explore');
    await explore(
      async (seed) => {
        const tester = await this.startAgain(seed);
        return {
          tester,
          time: tester.virtual!.time,
          services: tester.applications.services,
          open: () => tester.open(),
        };
      },
      options,
      test,
    );
  }

  /**
   * Ends it. Rejects with {@link LeftoverError} if a call has no end yet, or a message was not dealt with; the applications are
   * closed all the same.
   */
  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    await this.faults.startBroker();
    try {
      assertNothingOpen(this.world, this.calls);
    } finally {
      const closed = Promise.all([this.client.close(), this.fakes.close(), this.applications.close()]);
      await (this.virtual ? this.virtual.time.passUntil(closed) : closed);
      if (!this.virtual) await deleteTopics(this.world);
    }
  }

  private patiently<T>(work: Promise<T>): Promise<T> {
    return this.virtual && !this.virtual.time.isDriven ? this.hint.watch(work) : work;
  }

  /** What is sent after the end gets no answer. */
  private assertRunning(): void {
    if (!this.closing) return;
    throw new AsyncCallError(
      'invalid-argument',
      'This test has ended: its tester is closed. Await what you call before `tester.close()`.',
    );
  }

  private open(): string[] {
    return openIn(this.world, this.calls);
  }

  private targetOf(target: EndpointTarget | AnyEndpointContract): CallTarget {
    if (isEndpointContract(target)) return target.address;
    if (typeof target !== 'string' || !target.startsWith('/')) return target;
    const service = this.onlyService(`"${this.applications.services[0]}${target}"`);
    return { service, endpoint: normalizeEndpoint(target) };
  }

  private onlyService(whatToWrite: string): string {
    const { services } = this.applications;
    if (services.length === 1) return services[0];
    throw new AsyncCallError(
      'invalid-argument',
      `There are several services under test: ${services.join(', ')}. Say which one is meant: ${whatToWrite}.`,
    );
  }
}

function addressOf(target: EndpointTarget | AnyEndpointContract): EndpointAddress {
  return isEndpointContract(target) ? target.address : parseTarget(target);
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
