import type { Admin } from '../broker/admin.js';
import type { Broker } from '../broker/broker.js';
import { BrokerError } from '../broker/broker-error.js';
import type { ConsumerState, GroupStart } from '../broker/consumer.js';
import { ensureTopic } from '../broker/ensure-topic.js';
import type { TopicPartition, TopicPartitionOffset } from '../broker/record.js';
import { retryUntilReachable } from '../broker/retry.js';
import { StateHistory } from '../broker/state-history.js';
import type { Cutoff } from '../delivery/cutoff.js';
import { pause } from '../delivery/pause.js';
import type { Environment, TimerHandle } from '../environment/environment.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { keyOf } from './owned-partition.js';
import { type GroupSettings, RecordConsumer } from './record-consumer.js';
import type { GroupHealth } from './server-health.js';
import type { FailurePolicy } from './server-options.js';
import type { GroupSources, Source } from './source.js';
import type { ServerLogger } from './unfailing-logger.js';

/** What a running group asks of the service that it belongs to. */
export interface RunningGroupListener {
  /** A record was taken over. */
  onReceived(): void;
  onState(state: ConsumerState, error?: BrokerError): void;
  /** The consumer has failed for good, and the policy is to end the process. */
  onGivenUp(): void;
}

/** What a running group works with. */
export interface RunningGroupOptions {
  readonly broker: Broker;
  readonly environment: Environment;
  readonly source: string;
  readonly admin: Admin;
  readonly createTopics: boolean;
  readonly settings: GroupSettings;
  readonly onFailure: FailurePolicy;
  /** Aborts when the service stops. */
  readonly stopping: Cutoff;
  readonly logger: ServerLogger;
}

const NO_CONSUMER = { lastPolledAt: undefined, lastContactAt: undefined, joins: 0, partitions: [] };
const FIRST_RESTART_MS = 1_000;
const MAX_RESTART_MS = 30_000;
/** How often new topics are looked for, where a source takes topics by their names. */
const TOPIC_SEARCH_INTERVAL_MS = 5_000;

/** A topic that is read. */
interface ReadTopic {
  readonly source: Source;
  readonly startFrom: GroupStart;
}

/** Whoever runs already gets all of a topic that comes into being. Unlike `earliest` it is committed at once. */
const FROM_ITS_BEGINNING: GroupStart = { timestampMs: 0 };

/** One consumer group of a service while it is connected. A consumer that has failed is replaced. */
export class RunningGroup {
  private consumer: RecordConsumer | undefined;
  private readonly states: StateHistory;
  private replacing: Promise<void> | undefined;
  private readonly topics = new Map<string, ReadTopic>();
  /** Sources of which somebody was told that another one gets topics that they accept, too. */
  private readonly secondBest = new Set<Source>();
  private search: TimerHandle | undefined;

  constructor(
    private readonly group: GroupSources,
    private readonly options: RunningGroupOptions,
    private readonly listener: RunningGroupListener,
  ) {
    this.states = new StateHistory(options.environment);
  }

  /** Resolves once the service is a settled member of the group. Rejects with what prevents it. */
  async start(): Promise<void> {
    try {
      await this.begin();
    } catch (error) {
      this.cannotStart(error);
      throw error;
    }
  }

  private async begin(): Promise<void> {
    for (const source of this.group.sources) {
      for (const spec of source.topics) {
        await this.ensure(spec);
        this.topics.set(spec.topic, { source, startFrom: source.startFrom });
      }
    }
    if (this.isSearching) await this.beginSearch();
    await this.consume();
  }

  /** Ends the running records within the drain time, commits, leaves the group. */
  async close(): Promise<void> {
    this.options.environment.clearInterval(this.search);
    // One that is being started in place of another waits for its broker until it is closed.
    await this.consumer?.close();
    await this.replacing;
  }

  /** What is known of it without asking the broker. */
  get health(): GroupHealth {
    const { group, states, consumer, replacing } = this;
    return {
      groupId: group.groupId,
      ...states.health,
      isReplaced: replacing !== undefined,
      ...(consumer?.health ?? NO_CONSUMER),
    };
  }

  /** The service cannot begin, for want of a broker: nor can this group. */
  waitForBroker(error: BrokerError): void {
    this.report('unavailable', error);
  }

  /** Nor will it, because of this. */
  cannotStart(error: unknown): void {
    // Closed while it was waiting for the broker: that is no failure.
    if (error instanceof BrokerError && !this.options.stopping.aborted) this.report('failed', error);
  }

  private report(state: ConsumerState, error?: BrokerError): void {
    this.states.report(state, error);
    this.listener.onState(state, error);
  }

  /** Whether it reads topics by their names, whichever there are. */
  private get isSearching(): boolean {
    return this.group.sources.some(({ accepts }) => accepts);
  }

  private ensure(spec: Source['topics'][number]): Promise<void> {
    const { environment, admin, createTopics, stopping } = this.options;
    return ensureTopic(admin, spec, {
      environment,
      create: createTopics,
      signal: stopping.signal,
      onUnavailable: (error) => this.report('unavailable', error),
    });
  }

  private async beginSearch(): Promise<void> {
    const { environment, stopping, logger } = this.options;
    await retryUntilReachable(() => this.findTopics(({ startFrom }) => startFrom), {
      environment,
      signal: stopping.signal,
    });
    this.search = environment.setInterval(() => {
      this.takeNewTopics().catch((error: unknown) => {
        if (stopping.aborted || (error instanceof BrokerError && error.retriable)) return;
        logger.error(error, 'The search for topics');
      });
    }, TOPIC_SEARCH_INTERVAL_MS);
  }

  private async takeNewTopics(): Promise<void> {
    const found = await this.findTopics(() => FROM_ITS_BEGINNING);
    if (!found || this.options.stopping.aborted) return;
    if (this.consumer) this.consumer.subscribe([...this.topics.keys()]);
    else if (!this.replacing) await this.consumeAtLast();
  }

  /** Nobody waits for the consumer of a first topic that was found later: if it does not start, that is a failure like any other. */
  private async consumeAtLast(): Promise<void> {
    try {
      await this.consume();
    } catch (error) {
      if (this.options.stopping.aborted) return;
      this.options.logger.error(error, 'The consumer of the topics that were found could not be started');
      this.failed();
    }
  }

  /** Notes the topics that a source accepts; true if there is a new one. */
  private async findTopics(startFrom: (source: Source) => GroupStart): Promise<boolean> {
    const before = this.topics.size;
    for (const { topic } of await this.options.admin.describeTopics()) {
      if (this.topics.has(topic)) continue;
      const [source, ...others] = this.group.sources.filter(({ accepts }) => accepts?.(topic));
      if (source) this.topics.set(topic, { source, startFrom: startFrom(source) });
      for (const other of others) this.warnOnce(topic, source, other);
    }
    return this.topics.size > before;
  }

  private warnOnce(topic: string, first: Source, second: Source): void {
    if (this.secondBest.has(second)) return;
    this.secondBest.add(second);
    this.options.logger.warn(
      `The topic "${topic}" matches both ${first.pattern} and ${second.pattern}, in the group ${this.group.groupId}: ` +
        'its events go to the first of them only, and so do those of other topics that match both. ' +
        "Write narrower patterns, or give one of them a group of its own: { group: 'name' }.",
    );
  }

  /** Forgets topics that were found and have been deleted: a consumer would not start with them. */
  private async forgetDeleted(): Promise<void> {
    if (!this.isSearching) return;
    const { environment, admin, stopping } = this.options;
    const described = await retryUntilReachable(() => admin.describeTopics(), {
      environment,
      signal: stopping.signal,
    });
    const existing = new Set(described.map(({ topic }) => topic));
    for (const [topic, { source }] of this.topics) {
      const isNamed = source.topics.some((spec) => spec.topic === topic);
      if (!isNamed && !existing.has(topic)) this.topics.delete(topic);
    }
  }

  private async consume(): Promise<void> {
    // Nobody would close it.
    if (this.options.stopping.aborted) throw new AsyncCallError('closed', 'The server was closed.');
    // The first topic is still to be found: until then there is nothing to do.
    if (this.topics.size === 0) return this.report('running');
    let isRunning = false;
    const consumer: RecordConsumer = this.createConsumer((state, error) => {
      if (this.consumer !== consumer) return;
      this.report(state, error);
      // One that fails to start says so to whoever starts it.
      if (state === 'failed' && isRunning) this.failed();
    });
    this.consumer = consumer;
    await consumer.start();
    isRunning = true;
  }

  private failed(): void {
    const { stopping, onFailure } = this.options;
    if (stopping.aborted) return;
    if (onFailure === 'exit') this.listener.onGivenUp();
    else if (onFailure === 'restart') {
      this.replacing ??= this.replaceConsumer().finally(() => (this.replacing = undefined));
    }
  }

  /** A consumer that has failed does no more work: a new one, with the same subscriptions, takes its place. */
  private async replaceConsumer(): Promise<void> {
    const { environment, stopping } = this.options;
    await this.discardConsumer();
    for (let delayMs = FIRST_RESTART_MS; !stopping.aborted; delayMs = Math.min(2 * delayMs, MAX_RESTART_MS)) {
      await pause(environment, delayMs, stopping);
      if (stopping.aborted || (await this.tryToConsume())) return;
    }
  }

  private async tryToConsume(): Promise<boolean> {
    const { stopping, logger } = this.options;
    try {
      await this.forgetDeleted();
      await this.consume();
      return true;
    } catch (error) {
      if (!stopping.aborted) logger.error(error, 'A new consumer could not be started');
      await this.discardConsumer();
      return false;
    }
  }

  private async discardConsumer(): Promise<void> {
    const { consumer } = this;
    this.consumer = undefined;
    await consumer
      ?.close()
      .catch((error: unknown) => this.options.logger.error(error, 'The failed consumer'));
  }

  private createConsumer(onState: RunningGroupListener['onState']): RecordConsumer {
    const { broker, environment, source, settings, logger } = this.options;
    return new RecordConsumer({
      broker,
      environment,
      identity: { clientId: source },
      groupId: this.group.groupId,
      topics: [...this.topics.keys()],
      startFrom: (topic) => this.topicOf(topic).startFrom,
      settings,
      intakeOf: (topic) => this.topicOf(topic).source.intake,
      onReceived: () => this.listener.onReceived(),
      onState,
      onHeldBack: (place) => logger.warn(heldBack(place)),
      onCutOff: (place, count) => logger.warn(cutOff(place, count, settings.drainTimeoutMs)),
      onCommitError: (error) => logger.error(error, 'A commit failed'),
    });
  }

  private topicOf(topic: string): ReadTopic {
    const known = this.topics.get(topic);
    if (!known) throw new Error(`The group ${this.group.groupId} has not subscribed to ${topic}`);
    return known;
  }
}

function heldBack(position: TopicPartitionOffset): string {
  return (
    `${keyOf(position)} is paused: the request at ${position.offset} does not end, and all that can be remembered ` +
    'is done behind it. Give endless streams a timeout.'
  );
}

function cutOff(partition: TopicPartition, count: number, drainTimeoutMs: number): string {
  return (
    `${keyOf(partition)} is given away: ${count} records of it have not ended within ${drainTimeoutMs} ms ` +
    '(delivery.drainTimeoutMs). They are told to stop, and run again at its next owner.'
  );
}
