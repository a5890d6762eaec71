import type { Admin, TopicSpec } from '../broker/admin.js';
import { BatchingProducer } from '../broker/batching-producer.js';
import type { BrokerError } from '../broker/broker-error.js';
import type { ConsumerState } from '../broker/consumer.js';
import { ensureTopic } from '../broker/ensure-topic.js';
import { type RetryOptions, retryUntilReachable } from '../broker/retry.js';
import { TopicDirectory } from '../broker/topic-directory.js';
import { within } from '../broker/within.js';
import { Cutoff } from '../delivery/cutoff.js';
import type { Delivery, Handle } from '../delivery/delivery.js';
import type { MutableCounts } from '../delivery/delivery-counts.js';
import type { DuplicateStore } from '../delivery/duplicate-store.js';
import { MessageIds } from '../protocol/message-ids.js';
import { commonState } from './common-state.js';
import { eventSource } from './event-source.js';
import type { Handlers } from './handlers.js';
import type { HandlerContext } from './handler-context.js';
import type { RecordKind } from './record-kind.js';
import { nestTopicSource } from './nest-topic-source.js';
import { recordPipeline } from './record-pipeline.js';
import { requestSource } from './request-source.js';
import { responseSource } from './response-source.js';
import { noResponses } from './response-sink.js';
import type { ResponseWriting } from './response-writer.js';
import { RunningGroup } from './running-group.js';
import type { GroupHealth } from './server-health.js';
import type { ServerOptions } from './server-options.js';
import { grouped, type GroupSources, type Source } from './source.js';
import { UnendedRecords } from './unended-records.js';
import { type ServiceLogger, unfailing } from './unfailing-logger.js';

/** What a running service asks of the server that it runs for. */
export interface RunningServiceListener {
  /** Runs a call between hooks. */
  aroundCall(context: HandlerContext, run: () => Promise<void>): Promise<void>;
  onState(state: ConsumerState, error?: BrokerError): void;
  /** A consumer has failed for good, and the policy is to end the process. */
  onGivenUp(): void;
}

/** Beside the drain time, in milliseconds: for the last commit, the last responses and the leave. */
export const CLOSE_GRACE_MS = 5_000;

/** How long {@link RunningService.close} takes at most, in milliseconds. */
export function closeTimeout({ delivery }: Pick<ServerOptions, 'delivery'>): number {
  return delivery.drainTimeoutMs + CLOSE_GRACE_MS;
}

/** A service while it is connected: its producer, and a member of each of its consumer groups. */
export class RunningService {
  private readonly admin: Admin;
  private readonly producer: BatchingProducer;
  private readonly writing: ResponseWriting;
  private readonly groups: readonly RunningGroup[];
  private readonly logger: ServiceLogger;
  private readonly stopping = new Cutoff();
  private readonly unended: UnendedRecords;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly options: ServerOptions,
    private readonly handlers: Handlers,
    private readonly counts: MutableCounts,
    private readonly listener: RunningServiceListener,
    logger: ServiceLogger,
  ) {
    this.logger = unfailing(logger);
    const { broker, environment, source } = options;
    const identity = { clientId: source };
    this.admin = broker.createAdmin(identity);
    this.producer = new BatchingProducer(broker.createProducer(identity), environment);
    this.writing = this.createWriting();
    this.groups = this.createGroups();
    this.unended = new UnendedRecords({
      environment,
      logger: this.logger,
      warnAfterMs: options.warnAfterMs,
      groups: () => this.health,
    });
  }

  /**
   * Resolves once the service is a settled member of its groups. Rejects with what prevents it; also if it was closed
   * meanwhile.
   */
  async start(): Promise<void> {
    try {
      await this.prepare();
    } catch (error) {
      for (const group of this.groups) group.cannotStart(error);
      throw error;
    }
    // Before: a group may run while another one still waits for its topics.
    if (!this.stopping.signal.aborted) this.unended.start();
    await Promise.all(this.groups.map((group) => group.start()));
  }

  private async prepare(): Promise<void> {
    const { deadLetterTopic } = this.options;
    await this.reachBroker();
    if (deadLetterTopic) await this.ensureDeadLetters(deadLetterTopic);
    await this.producer.connect();
  }

  /** How many records were taken over and are not done. */
  private get inFlight(): number {
    const partitions = this.health.flatMap((group) => group.partitions);
    return partitions.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** What is known of its groups. */
  get health(): readonly GroupHealth[] {
    return this.groups.map(({ health }) => health);
  }

  /**
   * Ends the running requests within the drain time, commits, leaves the groups and disconnects. A broker that does not
   * answer delays that by a few seconds at most.
   */
  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    this.stopping.abort();
    this.unended.stop();
    const { environment, service } = this.options;
    this.logger.log(`${service} drains: ${this.inFlight} records are under way`);
    const limitMs = closeTimeout(this.options);
    if (await within(environment, limitMs, this.disconnect()))
      return this.logger.log(`${service} is not served here any more`);
    this.logger.warn(`${service} did not disconnect within ${limitMs} ms; it is not waited for`);
  }

  private async disconnect(): Promise<void> {
    await Promise.all(this.groups.map((group) => group.close()));
    await this.producer.close();
    await this.admin.close();
  }

  /** Waits for the broker, and tells why: what comes then waits without a word, for seconds or for ever. */
  private async reachBroker(): Promise<void> {
    await retryUntilReachable(() => this.admin.ping(), this.waiting);
  }

  /** Without them, what fails would only be in the log, and gone: better not to begin. */
  private async ensureDeadLetters(spec: TopicSpec): Promise<void> {
    const { createTopics: create } = this.options;
    await ensureTopic(this.admin, spec, { create, ...this.waiting });
    await retryUntilReachable(() => this.admin.checkWritable([spec.topic]), this.waiting);
  }

  private get waiting(): RetryOptions {
    return {
      environment: this.options.environment,
      signal: this.stopping.signal,
      onUnavailable: (error) => this.groups.forEach((group) => group.waitForBroker(error)),
    };
  }

  private createWriting(): ResponseWriting {
    const { environment, serializer, source, responseWindow, responseBufferBytes } = this.options;
    return {
      producer: this.producer,
      directory: new TopicDirectory(this.admin, environment),
      serializer,
      source,
      ids: new MessageIds(environment),
      window: responseWindow,
      bufferBytes: responseBufferBytes,
    };
  }

  private createGroups(): RunningGroup[] {
    const { broker, environment, source, createTopics, delivery: settings, onFailure } = this.options;
    const { admin, stopping, logger, listener } = this;
    const own = { broker, environment, source, createTopics, settings, onFailure };
    const shared = { ...own, admin, stopping, logger };
    const groups = this.sourcesByGroup();
    const onStateOf = commonState(groups.length, (state, error) => listener.onState(state, error));
    return groups.map(
      (group, index) =>
        new RunningGroup(group, shared, {
          onReceived: () => {
            this.counts.received += 1;
          },
          onState: onStateOf(index),
          onGivenUp: () => listener.onGivenUp(),
        }),
    );
  }

  /** The service's own group reads requests, and events unless their handlers have groups of their own. */
  private sourcesByGroup(): GroupSources[] {
    const { options, handlers } = this;
    const { groupId, duplicates, responseDuplicates } = options;
    const own: Source[] = [requestSource(options, handlers, this.pipelineIn(groupId, duplicates))];
    if (handlers.responses.names.length > 0) {
      own.push(responseSource(options, handlers.responses, this.pipelineIn(groupId, responseDuplicates)));
    }
    return grouped([{ groupId, sources: own }, ...this.events(), this.nestTopics()]);
  }

  private events(): GroupSources[] {
    const { options, handlers } = this;
    return handlers.events.subscriptions.map((subscription) => {
      const groupId =
        subscription.group === undefined ? options.groupId : `${options.groupId}.${subscription.group}`;
      const pipelineOf = this.pipelineIn(groupId, options.duplicates);
      const warn = (message: string) => this.logger.warn(message);
      return { groupId, sources: [eventSource(options, subscription, groupId, pipelineOf, warn)] };
    });
  }

  private nestTopics(): GroupSources | undefined {
    const { options, handlers, logger } = this;
    const { nestTopics, duplicates } = options;
    if (!nestTopics || handlers.patterns.isEmpty) return undefined;
    const { groupId } = nestTopics;
    const pipelineOf = this.pipelineIn(groupId, duplicates);
    return {
      groupId,
      sources: [nestTopicSource(options, nestTopics, handlers.patterns, pipelineOf, logger)],
    };
  }

  private pipelineIn(groupId: string, store: DuplicateStore | undefined) {
    return (kind: RecordKind): Handle<Delivery> => this.createPipeline(kind, groupId, store);
  }

  private createPipeline(
    kind: RecordKind,
    groupId: string,
    duplicates: DuplicateStore | undefined,
  ): Handle<Delivery> {
    const { environment, deadLetterTopic, retry, maxHandlerMs, onEnded } = this.options;
    const { counts, writing, listener, logger } = this;
    return recordPipeline({
      environment,
      kind,
      groupId,
      deadLetterTopic: deadLetterTopic?.topic,
      retryPolicyOf: (endpoint) => ({ ...retry, ...kind.optionsOf(endpoint)?.retry }),
      maxHandlerMsOf: (endpoint) => kind.optionsOf(endpoint)?.maxHandlerMs ?? maxHandlerMs,
      duplicates,
      counts,
      onEnded,
      writing,
      nowhere: noResponses(environment),
      aroundCall: (context, run) => listener.aroundCall(context, run),
      logger,
    });
  }
}
