import { Logger } from '@nestjs/common';
import {
  type CustomTransportStrategy,
  type MessageHandler,
  type MsPattern,
  Server,
} from '@nestjs/microservices';
import type { Broker } from '../broker/broker.js';
import type { BrokerError } from '../broker/broker-error.js';
import type { ConsumerState } from '../broker/consumer.js';
import { OutageLog } from '../broker/outage-log.js';
import { StateChanges } from '../broker/state-changes.js';
import { type DeliveryCounts, noCounts } from '../delivery/delivery-counts.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { isInternalTopic } from '../protocol/topic-names.js';
import { endProcess } from './end-process.js';
import { type AnyExtras, Handlers } from './handlers.js';
import { closeTimeout, RunningService } from './running-service.js';
import type { ServerHealth, ServerPhase } from './server-health.js';
import type { ServerOptions } from './server-options.js';
import { ASYNC_CALLS_TRANSPORT } from './transport.js';

/** For the rest of an application's shutdown, before the process is ended at once. */
const GIVE_UP_GRACE_MS = 10_000;

/**
 * Serves the endpoints of one service: Nest's transport strategy. Get one from {@link AsyncCallsModule}; it
 * is connected by {@link connectAsyncCalls} or {@link asyncCallsMicroservice}.
 *
 * A request's offset is committed only after its stream of responses has ended and the broker has
 * acknowledged every one of them. Its `status` is the state of its consumers, or `failed` if it could not start.
 */
export class AsyncCallsServer extends Server implements CustomTransportStrategy {
  override readonly transportId = ASYNC_CALLS_TRANSPORT;
  /** Failures of event handlers are retried and kept here: Nest need not log them, too. */
  override readonly propagatesEventHandlerErrors = true;
  protected override readonly logger = new Logger('AsyncCallsServer');
  private readonly deliveryCounts = noCounts();
  private readonly handlers: Handlers;
  private phase: Pick<ServerHealth, 'phase' | 'since'>;
  private initialized = false;
  private listening = false;
  private readonly states = new StateChanges((state, error) => this.stateChanged(state, error));
  private readonly outages: OutageLog;
  private running: RunningService | undefined;
  /** Nest's own start hook, which does nothing. */
  private readonly noStartHook = this.onProcessingStartHook;

  constructor(private readonly options: ServerOptions) {
    super();
    this.handlers = new Handlers(options.service, options.topicNames);
    this.phase = { phase: 'unused', since: options.environment.now() };
    this.outages = new OutageLog(this.logger, options.environment);
  }

  /** The service whose endpoints these are. */
  get service(): string {
    return this.options.service;
  }

  /** What has become of the records it was handed, since its start; a copy. */
  get counts(): DeliveryCounts {
    return { ...this.deliveryCounts };
  }

  /**
   * How it is: its groups, their partitions, and what is under way there. A snapshot of what it knows by itself; to take it
   * costs no request.
   */
  health(): ServerHealth {
    const { service, source } = this.options;
    return { service, source, ...this.phase, groups: this.running?.health ?? [] };
  }

  /**
   * Takes an endpoint or a handler of responses, if it is this service's. Throws `invalid-argument` if there is one of
   * that name already, or if it is not clear whose it is.
   */
  override addHandler(
    pattern: string,
    handler: MessageHandler,
    isEventHandler?: boolean,
    extras?: Readonly<Record<string, unknown>>,
  ): void {
    // Nest hands a handler without a transport to every server; those of this library have one.
    if (!isOurs(extras)) return this.addPattern(pattern, handler, isEventHandler, extras);
    this.assertOneService(pattern, extras);
    if (extras.service !== undefined && extras.service !== this.service) return;
    this.isToServe();
    const checked = this.handlers.add(pattern, handler, extras);
    super.addHandler(pattern, checked, isEventHandler, { ...extras });
  }

  /**
   * Nest calls this. Calls back once the service is a settled member of its group, or with what prevents it; at once if
   * the application is not initialized yet, for then it begins to serve later.
   */
  listen(callback: (error?: unknown) => void): void {
    this.listening = true;
    this.isToServe();
    if (this.initialized) {
      this.start().then(() => callback(), callback);
    } else {
      this.logger.log(
        `${this.service} begins to serve when the application is initialized: app.listen() or app.init()`,
      );
      callback();
    }
  }

  /**
   * The module calls this when every `onModuleInit` of the application has run: a service must not be handed requests
   * before its providers are ready, in whatever order `startAllMicroservices` and `listen` are called.
   */
  async applicationInitialized(): Promise<void> {
    this.initialized = true;
    if (this.listening) await this.start();
  }

  /** Ends the running requests within the drain time, commits, leaves the group and disconnects. */
  async close(): Promise<void> {
    if (!this.isClosed) this.enter('draining');
    await this.running?.close();
    this.enter('closed');
  }

  /** How long {@link close} takes at most, in milliseconds. */
  get closeTimeoutMs(): number {
    return closeTimeout(this.options);
  }

  /** Not supported: the states of the consumer come as `status`. */
  on(event: string): never {
    throw new AsyncCallError(
      'invalid-argument',
      `AsyncCallsServer has no event "${event}". Subscribe to its "status" instead.`,
    );
  }

  /** The broker that this server works with. */
  unwrap<T = Broker>(): T {
    return this.options.broker as T;
  }

  /** Takes a handler that was declared for every transport, if such are served. */
  private addPattern(
    declared: unknown,
    handler: MessageHandler,
    isEvent = false,
    extras?: Readonly<Record<string, unknown>>,
  ): void {
    const { patterns, nestTopics } = this.options;
    if (patterns === 'ignore') return;
    const pattern = declared instanceof RegExp ? declared : this.normalizePattern(declared as MsPattern);
    if (nestTopics && typeof pattern === 'string' && isInternalTopic(pattern)) throw internalTopic(pattern);
    this.isToServe();
    this.handlers.addPattern(pattern, handler, isEvent);
    // For whoever asks for the handlers. Not by Nest's own way, which would chain those of an event, and run them twice.
    Object.assign(handler, { isEventHandler: isEvent, extras: { ...extras } });
    this.messageHandlers.set(String(pattern), handler);
  }

  private assertOneService(name: string, extras: AnyExtras): void {
    const { service } = extras;
    const services = this.options.servicesOfApplication();
    if (service === undefined ? services.length === 1 : services.includes(service)) return;
    throw new AsyncCallError('invalid-argument', whoseHandler(name, extras, services));
  }

  private get isClosed(): boolean {
    const { phase } = this.phase;
    return phase === 'draining' || phase === 'closed';
  }

  private isToServe(): void {
    if (this.phase.phase === 'unused') this.enter('starting');
  }

  private enter(phase: ServerPhase): void {
    if (phase !== this.phase.phase) this.phase = { phase, since: this.options.environment.now() };
  }

  private async start(): Promise<void> {
    if (this.isClosed) return;
    this.running = this.createService();
    try {
      await this.running.start();
    } catch (error) {
      // Closed while it was waiting for the broker: that is no failure.
      if (this.isClosed) return;
      throw error;
    }
    if (!this.isClosed) this.enter('serving');
    const names = this.handlers.names.join(', ');
    const { topic } = this.options.requestTopic;
    this.logger.log(`${this.service} serves ${names || 'no endpoint'} (${topic})`);
    const topics = this.handlers.events.subscriptions.map((subscription) => String(subscription.topic));
    if (topics.length > 0) this.logger.log(`${this.service} subscribes to ${topics.join(', ')}`);
    const calls = this.handlers.responses.names.join(', ');
    if (calls) this.logger.log(`${this.service} handles the responses of ${calls}`);
  }

  private createService(): RunningService {
    return new RunningService(
      this.options,
      this.handlers,
      this.deliveryCounts,
      {
        aroundCall: (context, run) => (this.isHooked() ? this.withProcessingHooks(context, run) : run()),
        onState: (state, error) => this.states.report(state, error),
        onGivenUp: () => this.giveUp(),
      },
      this.logger,
    );
  }

  private giveUp(): void {
    this.logger.error('The process is ended, as the option delivery.onFailure says');
    endProcess(2 * this.options.delivery.drainTimeoutMs + GIVE_UP_GRACE_MS);
  }

  private isHooked(): boolean {
    return this.onProcessingStartHook !== this.noStartHook || this.onProcessingEndHook !== undefined;
  }

  /**
   * Nest's processing hooks, for tracing: the start hook is called before the handler and gets what to run, the
   * end hook once after the last response. The start hook is typed to return nothing: what is run says itself
   * when it is over.
   */
  private withProcessingHooks(context: object, run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const begun: unknown = this.onProcessingStartHook(ASYNC_CALLS_TRANSPORT, context as never, async () => {
        await this.runToItsEnd(context, run).then(resolve, reject);
      });
      // An async hook that fails before it has run the call.
      Promise.resolve(begun).catch(reject);
    });
  }

  private async runToItsEnd(context: object, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } finally {
      await this.callEnded(context);
    }
  }

  /** The call is over and answered: what the hook throws must not make it a failed one. */
  private async callEnded(context: object): Promise<void> {
    try {
      const ended: unknown = this.onProcessingEndHook?.(ASYNC_CALLS_TRANSPORT, context as never);
      await ended;
    } catch (error) {
      this.logger.error(error, 'The hook at the end of a call has failed');
    }
  }

  private stateChanged(state: ConsumerState, error?: BrokerError): void {
    this._status$.next(state);
    this.outages.stateChanged(state, error);
    if (state !== 'failed') return;
    const what = `${this.service} is not served`;
    // What prevents a start is thrown, too: to print it once with its stack is enough.
    if (this.phase.phase === 'starting') this.logger.error(`${what}: ${error?.message}`);
    else this.logger.error(error, what);
  }
}

function internalTopic(topic: string): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    `The pattern '${topic}' is the name of an internal topic, which must not be read (nestTopics): none may end in ` +
      '.requests, .replies, .responses, .dead-letters or .reply, or begin with "__". Give the handler another pattern, ' +
      'or a transport of its own.',
  );
}

function isOurs(
  extras: Readonly<Record<string, unknown>> = {},
): extras is Readonly<Record<string, unknown>> & AnyExtras {
  return typeof extras.declaredBy === 'string';
}

/** What is wrong with a handler of none of these services, and what to write instead. */
function whoseHandler(name: string, extras: AnyExtras, services: readonly string[]): string {
  const { service, declaredBy } = extras;
  if (extras.kind === 'endpoint' && extras.contract) {
    return (
      `${declaredBy} is to serve the contract of "${name}", which is an endpoint of the service "${service}"; ` +
      `this application is ${services.map((each) => `"${each}"`).join(', ')}. ` +
      `Serve it in "${service}", or define the contract for the service that has it.`
    );
  }
  const [what, where] = inWords(name, extras);
  return (
    `${what} (${declaredBy}) names ${service === undefined ? 'no service' : `"${service}"`}; ` +
    `the services of this application are ${services.join(', ')}. ` +
    `Write ${where}, { service: '${services[0]}' }).`
  );
}

/** What a handler is for, and the beginning of its decorator. */
function inWords(name: string, extras: AnyExtras): readonly [what: string, where: string] {
  switch (extras.kind) {
    case 'endpoint':
      return [`The endpoint "${name}"`, `@AsyncEndpoint('${name}'`];
    case 'event':
      return [`The handler of events in ${String(extras.topic)}`, '@AsyncEvent(…'];
    case 'response':
      return [`The handler of the responses of "${extras.of}"`, '@AsyncResponse(…'];
  }
}
