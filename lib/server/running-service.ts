import type { MessageHandler } from '@nestjs/microservices';
import type { Admin } from '../broker/admin.js';
import { BatchingProducer } from '../broker/batching-producer.js';
import type { BrokerError } from '../broker/broker-error.js';
import type { ConsumerState } from '../broker/consumer.js';
import type { ConsumerRecord } from '../broker/record.js';
import { ensureTopic } from '../broker/ensure-topic.js';
import { TopicDirectory } from '../broker/topic-directory.js';
import { within } from '../broker/within.js';
import { Cutoff } from '../delivery/cutoff.js';
import type { Delivery, Handle } from '../delivery/delivery.js';
import type { MutableCounts } from '../delivery/delivery-counts.js';
import { pause } from '../delivery/pause.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { cancelledRequestOf } from '../protocol/cancel.js';
import { HEADER } from '../protocol/header-names.js';
import { MessageIds } from '../protocol/message-ids.js';
import { headerOf } from '../protocol/wire-record.js';
import type { AsyncCallContext } from './async-call-context.js';
import type { EndpointOptions } from './endpoint-options.js';
import { type GateOfRecord, Intake } from './intake.js';
import { RecordConsumer } from './record-consumer.js';
import { requestPipeline } from './request-pipeline.js';
import type { ServerOptions } from './server-options.js';
import { type ServerLogger, unfailing } from './unfailing-logger.js';

/** What a running service asks of the server that it runs for. */
export interface RunningServiceListener {
  handlerOf(endpoint: string): MessageHandler | undefined;
  optionsOf(endpoint: string): EndpointOptions | undefined;
  /** Whether an endpoint says how many of its requests run at once. */
  readonly hasGates: boolean;
  /** Runs a call between hooks. */
  aroundCall(context: AsyncCallContext, run: () => Promise<void>): Promise<void>;
  onState(state: ConsumerState, error?: BrokerError): void;
  /** The consumer has failed for good, and the policy is to end the process. */
  onGivenUp(): void;
}

/** Beside the drain time: for the last commit, the last responses and the leave. */
const CLOSE_GRACE_MS = 5_000;
const FIRST_RESTART_MS = 1_000;
const MAX_RESTART_MS = 30_000;

/** A service while it is connected: its topics, its producer, and a consumer, which is replaced when it has failed. */
export class RunningService {
  private readonly admin: Admin;
  private readonly producer: BatchingProducer;
  private readonly handle: Handle<Delivery>;
  private readonly logger: ServerLogger;
  private readonly stopping = new Cutoff();
  private consumer: RecordConsumer | undefined;
  private replacing: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly options: ServerOptions,
    private readonly counts: MutableCounts,
    private readonly listener: RunningServiceListener,
    logger: ServerLogger,
  ) {
    this.logger = unfailing(logger);
    const { broker, source } = options;
    const identity = { clientId: source };
    this.admin = broker.createAdmin(identity);
    this.producer = new BatchingProducer(broker.createProducer(identity));
    this.handle = this.createPipeline();
  }

  /**
   * Resolves once the service is a settled member of its group. Rejects with what prevents it; also if it was closed
   * meanwhile.
   */
  async start(): Promise<void> {
    const { requestTopic, deadLetterTopic, createTopics } = this.options;
    for (const topic of deadLetterTopic ? [deadLetterTopic, requestTopic] : [requestTopic]) {
      await ensureTopic(this.admin, topic, {
        create: createTopics,
        signal: this.stopping.signal,
        onUnavailable: (error) => this.listener.onState('unavailable', error),
      });
    }
    await this.producer.connect();
    await this.consume();
  }

  /**
   * Ends the running requests within the drain time, commits, leaves the group and disconnects. A broker that does not
   * answer delays that by a few seconds at most.
   */
  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    this.stopping.abort();
    const limitMs = this.options.delivery.drainTimeoutMs + CLOSE_GRACE_MS;
    if (await within(limitMs, this.disconnect())) return;
    this.logger.warn(`${this.options.service} did not disconnect within ${limitMs} ms; it is not waited for`);
  }

  private async disconnect(): Promise<void> {
    await this.replacing;
    await this.consumer?.close();
    await this.producer.close();
    await this.admin.close();
  }

  private async consume(): Promise<void> {
    // Nobody would close it.
    if (this.stopping.aborted) throw new AsyncCallError('closed', 'The server was closed.');
    let isRunning = false;
    const consumer: RecordConsumer = this.createConsumer((state, error) => {
      if (this.consumer !== consumer) return;
      this.listener.onState(state, error);
      // One that fails to start says so to whoever starts it.
      if (state === 'failed' && isRunning) this.failed();
    });
    this.consumer = consumer;
    await consumer.start();
    isRunning = true;
  }

  private failed(): void {
    if (this.stopping.aborted) return;
    const { onFailure } = this.options;
    if (onFailure === 'exit') this.listener.onGivenUp();
    else if (onFailure === 'restart') {
      this.replacing ??= this.replaceConsumer().finally(() => (this.replacing = undefined));
    }
  }

  /** A consumer that has failed does no more work: a new one, with the same subscriptions, takes its place. */
  private async replaceConsumer(): Promise<void> {
    const { stopping } = this;
    await this.discardConsumer();
    for (let delayMs = FIRST_RESTART_MS; !stopping.aborted; delayMs = Math.min(2 * delayMs, MAX_RESTART_MS)) {
      await pause(delayMs, stopping);
      if (stopping.aborted || (await this.tryToConsume())) return;
    }
  }

  private async tryToConsume(): Promise<boolean> {
    try {
      await this.consume();
      return true;
    } catch (error) {
      if (!this.stopping.aborted) this.logger.error(error, 'A new consumer could not be started');
      await this.discardConsumer();
      return false;
    }
  }

  private async discardConsumer(): Promise<void> {
    const { consumer } = this;
    this.consumer = undefined;
    await consumer?.close().catch((error: unknown) => this.logger.error(error, 'The failed consumer'));
  }

  private createPipeline(): Handle<Delivery> {
    const { service, groupId, deadLetterTopic, serializer, source, duplicates, retry } = this.options;
    const { listener } = this;
    return requestPipeline({
      service,
      groupId,
      deadLetterTopic: deadLetterTopic?.topic,
      retryPolicyOf: (endpoint) => ({ ...retry, ...listener.optionsOf(endpoint)?.retry }),
      maxHandlerMsOf: (endpoint) => listener.optionsOf(endpoint)?.maxHandlerMs ?? this.options.maxHandlerMs,
      duplicates,
      counts: this.counts,
      writing: {
        producer: this.producer,
        directory: new TopicDirectory(this.admin),
        serializer,
        source,
        ids: new MessageIds(),
        window: this.options.responseWindow,
        bufferBytes: this.options.responseBufferBytes,
      },
      handlerOf: (endpoint) => listener.handlerOf(endpoint),
      aroundCall: (context, run) => listener.aroundCall(context, run),
      logger: this.logger,
    });
  }

  private createRequestIntake(): Intake {
    const { concurrency, maxInFlight } = this.options.delivery;
    return new Intake({
      concurrency,
      maxInFlight,
      handle: this.handle,
      laneOf: ({ key }) => key,
      gateOf: this.listener.hasGates ? (record) => this.gateOf(record) : undefined,
      cancelledRequestOf,
    });
  }

  private gateOf(record: ConsumerRecord): GateOfRecord | undefined {
    const name = headerOf(record, HEADER.endpoint)?.toString('utf8') ?? '';
    const limit = this.listener.optionsOf(name)?.concurrency;
    return limit === undefined ? undefined : { name, limit };
  }

  private createConsumer(onState: RunningServiceListener['onState']): RecordConsumer {
    const { broker, source, groupId, requestTopic, delivery } = this.options;
    const requests = this.createRequestIntake();
    return new RecordConsumer({
      broker,
      identity: { clientId: source },
      groupId,
      topics: [requestTopic.topic],
      startFrom: () => 'earliest',
      settings: delivery,
      intakeOf: () => requests,
      onReceived: () => {
        this.counts.received += 1;
      },
      onState,
      onHeldBack: ({ topic, partition, offset }) =>
        this.logger.warn(
          `${topic}[${partition}] is paused: the request at ${offset} does not end, and all that can be remembered ` +
            'is done behind it. Give endless streams a timeout.',
        ),
      onCommitError: (error) => this.logger.error(error, 'A commit failed'),
    });
  }
}
