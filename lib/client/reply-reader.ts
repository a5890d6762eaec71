import type { Admin } from '../broker/admin.js';
import type { BrokerError } from '../broker/broker-error.js';
import type { AssignedConsumer, ConsumerState } from '../broker/consumer.js';
import { ensureTopic } from '../broker/ensure-topic.js';
import type { ConsumerRecord } from '../broker/record.js';
import type { TopicDirectory } from '../broker/topic-directory.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { ReplyPlace } from '../protocol/reply-address.js';
import type { RepliesHealth } from './client-health.js';
import type { ClientOptions } from './client-options.js';

/** What a reader of replies tells its owner. */
export interface ReplyListener {
  onReply(record: ConsumerRecord): void;
  onState(state: ConsumerState, error?: BrokerError): void;
  /** What was to come to the present address is not read any more. */
  onLost(why: BrokerError | undefined): void;
}

/** What a reader of replies works with. */
export interface ReplyReaderOptions extends Pick<
  ClientOptions,
  'broker' | 'environment' | 'source' | 'replyTopic' | 'createTopics'
> {
  readonly admin: Admin;
  readonly directory: TopicDirectory;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
}

const NO_ACTIVITY = { lastPolledAt: undefined, lastContactAt: undefined };

/**
 * Reads one partition of the reply topic. No group: nothing to join, nothing to wait for, any number of instances
 * on any number of partitions. A consumer that has failed is replaced at the next `open`.
 */
export class ReplyReader {
  private opening: Promise<ReplyPlace> | undefined;
  private consumer: AssignedConsumer | undefined;
  private position: ReplyPlace | undefined;
  /** Counts the consumers, for those that were replaced still speak. */
  private generation = 0;
  private lastFailure: BrokerError | undefined;

  constructor(
    private readonly options: ReplyReaderOptions,
    private readonly listener: ReplyListener,
  ) {}

  /** Where replies are read now; `undefined` if they are not. */
  get address(): ReplyPlace | undefined {
    return this.position;
  }

  /** What is known of it; `undefined` while no reader is wanted. */
  get health(): RepliesHealth | undefined {
    if (!this.opening) return undefined;
    return { ...(this.consumer?.activity() ?? NO_ACTIVITY), place: this.position };
  }

  /**
   * Resolves once every reply that is written from now on will be seen. While the broker cannot be reached it keeps
   * trying, until the client closes. A failure is not remembered: the next call tries again.
   */
  open(): Promise<ReplyPlace> {
    this.opening ??= this.start().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  async close(): Promise<void> {
    await this.consumer?.close();
  }

  private async start(): Promise<ReplyPlace> {
    const { environment, replyTopic, createTopics, admin, directory, closing } = this.options;
    await ensureTopic(admin, replyTopic, {
      environment,
      create: createTopics,
      signal: closing,
      onUnavailable: (error) => this.listener.onState('unavailable', error),
    });
    const { topic } = replyTopic;
    const partitions = (await directory.partitionsOf(topic)) ?? 1;
    return this.read({ topic, partition: Math.floor(environment.random() * partitions) });
  }

  private async read(address: ReplyPlace): Promise<ReplyPlace> {
    // A consumer that was made now would never be closed.
    if (this.options.closing.aborted) throw new AsyncCallError('closed', 'The client was closed.');
    this.consumer ??= this.createConsumer(this.generation);
    const { generation } = this;
    await this.consumer.assign([{ ...address, start: 'latest' }]).catch((error: unknown) => {
      throw generation === this.generation ? error : stopped(this.lastFailure);
    });
    if (generation !== this.generation) throw stopped(this.lastFailure);
    return (this.position = address);
  }

  private createConsumer(generation: number): AssignedConsumer {
    const { broker, source } = this.options;
    return broker.createAssignedConsumer(
      { clientId: source },
      {
        listener: {
          onBatch: ({ records }) => records.forEach((record) => this.listener.onReply(record)),
          onState: (state, error) => {
            if (generation === this.generation) this.stateChanged(state, error);
          },
        },
      },
    );
  }

  private stateChanged(state: ConsumerState, error?: BrokerError): void {
    this.listener.onState(state, error);
    if (state === 'failed') this.discardConsumer(error);
  }

  private discardConsumer(why: BrokerError | undefined): void {
    const { consumer, position } = this;
    this.generation += 1;
    this.lastFailure = why;
    this.consumer = undefined;
    this.position = undefined;
    // It does no more work, however its close ends.
    consumer?.close().catch(() => undefined);
    // While it is opening, those who wait hear of it there.
    if (!position) return;
    this.opening = undefined;
    this.listener.onLost(why);
  }
}

function stopped(cause: BrokerError | undefined): AsyncCallError {
  const why = cause ? `: ${cause.message}` : '';
  return new AsyncCallError('unavailable', `The reader of replies stopped before it was ready${why}`, {
    cause,
  });
}
