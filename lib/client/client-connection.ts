import type { Admin } from '../broker/admin.js';
import { BatchingProducer } from '../broker/batching-producer.js';
import { BrokerError } from '../broker/broker-error.js';
import { ensureTopic } from '../broker/ensure-topic.js';
import { partitionForKey } from '../broker/partitioner.js';
import { WholeRecord } from '../broker/queued-record.js';
import type { ProducerRecord } from '../broker/record.js';
import { retryUntilReachable } from '../broker/retry.js';
import { TopicDirectory } from '../broker/topic-directory.js';
import { within } from '../broker/within.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { CancelWriter } from './cancel-writer.js';
import type { RepliesHealth } from './client-health.js';
import type { ClientOptions } from './client-options.js';
import type { Destination } from './destination.js';
import { DepartureQueue, type Obstacle } from './departure-queue.js';
import type { OutgoingCall } from './outgoing-call.js';
import { type ReplyListener, ReplyReader } from './reply-reader.js';
import { ResponseTopic } from './response-topic.js';

/** For how long a partition count is used before the directory, which knows when to ask the broker, is asked. */
const PARTITIONS_MAX_AGE_MS = 1_000;

/** What a connection tells its owner. */
export interface ConnectionListener extends ReplyListener {
  /** See {@link CancelWriterOptions.onLost}. */
  onCancelLost(error: unknown): void;
}

/** The way to one destination. */
interface Route {
  readonly destination: Destination;
  readonly queue: DepartureQueue<OutgoingCall>;
  partitions: number;
  /** Until when the number is good. */
  validUntil: number;
}

/**
 * The client's side of the broker: a producer for requests and cancels, and a reader of replies. Calls of one
 * destination leave in the order they were made.
 */
export class ClientConnection {
  /** Gives requests up that have left. */
  readonly cancels: CancelWriter;
  private readonly admin: Admin;
  private readonly producer: BatchingProducer;
  private readonly directory: TopicDirectory;
  private readonly replyReader: ReplyReader;
  private readonly responseTopic: ResponseTopic;
  private readonly routes = new Map<string, Route>();
  private readonly stopping = new AbortController();
  private roundRobin = Math.floor(this.options.environment.random() * 1_000);
  private reaching: Promise<void> | undefined;
  private opening: Promise<void> | undefined;
  private lookingUp: Promise<void> = Promise.resolve();
  private canSend = false;
  private trouble: BrokerError | undefined;

  constructor(
    private readonly options: ClientOptions,
    private readonly listener: ConnectionListener,
  ) {
    const { broker, environment, source, maxPending } = options;
    const identity = { clientId: source };
    this.admin = broker.createAdmin(identity);
    this.producer = new BatchingProducer(broker.createProducer(identity), environment);
    this.cancels = new CancelWriter({
      producer: this.producer,
      source,
      maxWaiting: maxPending,
      onLost: (error) => listener.onCancelLost(error),
    });
    this.directory = new TopicDirectory(this.admin, environment);
    this.replyReader = new ReplyReader(
      { ...options, admin: this.admin, directory: this.directory, closing: this.stopping.signal },
      { ...listener, onState: (state, error) => this.stateChanged(state, error) },
    );
    this.responseTopic = new ResponseTopic({
      ...options,
      admin: this.admin,
      closing: this.stopping.signal,
      onUnavailable: (error) => (this.trouble = error),
    });
  }

  /** Why the broker could not be used when that was last tried; `undefined` if it could. */
  get lastTrouble(): BrokerError | undefined {
    return this.trouble;
  }

  /** See {@link ReplyReader.health}. */
  get replies(): RepliesHealth | undefined {
    return this.replyReader.health;
  }

  /**
   * Resolves when records can be sent. While the broker cannot be reached it keeps trying, until `close`. A failure
   * is not remembered: the next call tries again.
   */
  openProducer(): Promise<void> {
    this.opening ??= this.connectProducer().catch((error: unknown) => {
      this.opening = undefined;
      throw this.notOpened(error);
    });
    return this.opening;
  }

  /** See {@link ReplyReader.open}. */
  async openReplies(): Promise<void> {
    await this.reachBroker();
    await this.openReader();
  }

  /** Writes a call to a destination, after those that were sent there before. What comes of it the call is told. */
  send(destination: Destination, call: OutgoingCall): void {
    this.routeTo(destination).queue.push(call);
  }

  /** Sends what is waiting and disconnects; after `withinMs` that goes on without being waited for. */
  async close(withinMs: number): Promise<void> {
    const { environment } = this.options;
    this.stopping.abort();
    await within(environment, withinMs, this.producer.close());
    await this.replyReader.close();
    // A look-up that is under way would connect the admin again, for good.
    await within(environment, withinMs, this.lookingUp);
    await this.admin.close();
  }

  private async openReader(): Promise<void> {
    await this.replyReader.open().catch((error: unknown) => {
      throw this.notOpened(error);
    });
  }

  /** What waiting does not mend is told as the state, too: not everybody who asks for it has made a call. */
  private notOpened(error: unknown): unknown {
    if (error instanceof BrokerError && !this.stopping.signal.aborted) this.stateChanged('failed', error);
    return error;
  }

  private async connectProducer(): Promise<void> {
    await this.reachBroker();
    await this.producer.connect();
    this.trouble = undefined;
    this.canSend = true;
  }

  /**
   * Waits for the broker, and tells why: the producer waits without a word. It comes before all else, so that the
   * admin makes one connection and not several at once.
   */
  private reachBroker(): Promise<void> {
    this.reaching ??= this.pingUntilReached().catch((error: unknown) => {
      this.reaching = undefined;
      throw error;
    });
    return this.reaching;
  }

  private async pingUntilReached(): Promise<void> {
    await retryUntilReachable(() => this.admin.ping(), {
      environment: this.options.environment,
      signal: this.stopping.signal,
      onUnavailable: (error) => this.stateChanged('unavailable', error),
    });
    if (this.trouble) this.stateChanged('starting');
  }

  private stateChanged(...[state, error]: Parameters<ReplyListener['onState']>): void {
    if (error) this.trouble = error;
    else if (state === 'running') this.trouble = undefined;
    this.listener.onState(state, error);
  }

  private routeTo(destination: Destination): Route {
    const known = this.routes.get(destination.topic);
    if (known) return known;
    const route: Route = {
      destination,
      queue: new DepartureQueue<OutgoingCall>({
        obstacleOf: (call) => this.obstacleOf(call, route),
        leave: (call) => this.write(call, route),
      }),
      partitions: 0,
      validUntil: 0,
    };
    this.routes.set(destination.topic, route);
    return route;
  }

  private obstacleOf({ kind }: OutgoingCall, route: Route): Obstacle | undefined {
    if (!this.canSend) return { removed: this.openProducer() };
    if (kind === 'request' && !this.replyReader.address) {
      return { removed: this.openReader(), only: kind };
    }
    if (kind === 'handled' && !this.responseTopic.exists) {
      return { removed: this.lookedUp(this.responseTopic.ensure()), only: kind };
    }
    const isValid = this.options.environment.now() < route.validUntil;
    return isValid ? undefined : { removed: this.lookedUp(this.lookUp(route)) };
  }

  /** The admin is at work until then; see {@link close}. */
  private lookedUp(work: Promise<void>): Promise<void> {
    const before = this.lookingUp;
    this.lookingUp = work.then(
      () => before,
      () => before,
    );
    return work;
  }

  private async lookUp(route: Route): Promise<void> {
    const { environment } = this.options;
    const partitions = await retryUntilReachable(() => this.partitionsOf(route.destination), {
      environment,
      signal: this.stopping.signal,
      onUnavailable: (error) => (this.trouble = error),
    });
    if (partitions === undefined) throw route.destination.missing();
    route.partitions = partitions;
    route.validUntil = environment.now() + PARTITIONS_MAX_AGE_MS;
  }

  private async partitionsOf({ topic, spec }: Destination): Promise<number | undefined> {
    const partitions = await this.directory.partitionsOf(topic);
    if (partitions !== undefined || !spec) return partitions;
    const { environment, createTopics: create } = this.options;
    await ensureTopic(this.admin, spec, { environment, create, signal: this.stopping.signal });
    return this.directory.partitionsOf(topic);
  }

  private write(call: OutgoingCall, route: Route): void {
    const {
      partitions,
      destination: { topic },
    } = route;
    const { key } = call;
    const partition = key ? partitionForKey(key, partitions) : this.roundRobin++ % partitions;
    const giveUp = this.cancels.cancelOf(call.requestId, { topic, partition, key });
    const { value, headers } = call.encode(this.replyReader.address, giveUp);
    const record: ProducerRecord = { topic, partition, key, value, headers };
    const stored = () => {
      this.trouble = undefined;
      call.acknowledge();
    };
    const refused = (error: unknown) => call.refuse(this.whyNotWritten(error, route));
    // Not `send`: its promise would be one more for each call.
    this.producer.enqueue(topic, new WholeRecord(record, undefined, stored, refused));
  }

  private whyNotWritten(error: unknown, route: Route): unknown {
    if (!(error instanceof AsyncCallError) || error.code !== 'unknown-topic') return error;
    this.directory.forget(route.destination.topic);
    route.validUntil = 0;
    return route.destination.missing();
  }
}
