import type { Admin } from '../broker/admin.js';
import { BrokerError } from '../broker/broker-error.js';
import type { AssignedConsumer } from '../broker/consumer.js';
import type { ConsumerRecord, RecordBatch, TopicPartition, TopicPartitionOffset } from '../broker/record.js';
import { retryUntilReachable } from '../broker/retry.js';
import { Fifo } from '../collections/fifo.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { eventTopicFault, eventTypeFault, typeOf } from '../protocol/event.js';
import { checkOptions, type OptionFaults } from './call-options.js';
import type { ClientOptions } from './client-options.js';
import { ReplayedEvent } from './replayed-event.js';
import { dateFault, signalFault } from './replay-faults.js';

/** Which events are replayed. */
export interface ReplayOptions {
  /** From the first event that was published at this time or later. Default: from the earliest that is still there. */
  readonly from?: Date;
  /** Up to the events that were published before this time. Default: all that are there when the replay begins. */
  readonly until?: Date;
  /** Of this type only. Default: of all types. */
  readonly type?: string;
  /** Ends the replay with the signal's reason, also while it waits for the broker. */
  readonly signal?: AbortSignal;
}

const FAULT_OF: OptionFaults<ReplayOptions> = {
  from: dateFault,
  until: dateFault,
  type: eventTypeFault,
  signal: signalFault,
};

/** How many events may wait to be taken before their partitions are paused. */
const MAX_WAITING = 1_000;
/** The same in bytes of their payloads. */
const MAX_WAITING_BYTES = 16 * 1_024 * 1_024;
/** How often it is looked whether a partition ends with what holds no event. */
const END_CHECK_MS = 50;

/** See {@link AsyncCallsClient.replay}. */
export async function* replay<T>(
  clientOptions: ClientOptions,
  name: string,
  options: ReplayOptions,
): AsyncGenerator<ReplayedEvent<T>, void, undefined> {
  const fault = eventTopicFault(name);
  if (fault) throw new AsyncCallError('invalid-argument', `${fault}.`);
  checkOptions(options, FAULT_OF, 'replay');
  const { broker, source, serializer, topicNames } = clientOptions;
  const signal = options.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const admin = broker.createAdmin({ clientId: source });
  const reading = new Reading();
  const consumer = broker.createAssignedConsumer({ clientId: source }, { listener: reading });
  const stop = () => reading.fail(signal.reason);
  signal.addEventListener('abort', stop);
  try {
    const ranges = rangesOf(admin, topicNames.events(name), options, signal);
    await reading.begin(consumer, await reading.unlessFailed(ranges));
    for (let record = await reading.next(); record; record = await reading.next()) {
      if (options.type === undefined || typeOf(record) === options.type) {
        yield new ReplayedEvent<T>(record, serializer);
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    reading.end();
    // They do no more work, however their close ends.
    await Promise.allSettled([consumer.close(), admin.close()]);
  }
}

/** A partition, from where on and up to where it is read. */
interface Range extends TopicPartition {
  readonly start: bigint;
  readonly end: bigint;
}

async function rangesOf(
  admin: Admin,
  topic: string,
  { from, until }: ReplayOptions,
  signal: AbortSignal,
): Promise<Range[]> {
  const persist = <R>(operation: () => Promise<R>) => retryUntilReachable(operation, { signal });
  const [description] = await persist(() => admin.describeTopics([topic]));
  if (!description)
    throw new BrokerError('unknown-topic', `There is no topic "${topic}": nothing was published to it.`);
  const partitions = description.partitions.map(({ partition }) => ({ topic, partition }));
  const offsetsAt = (time: Date | undefined, otherwise: 'earliest' | 'latest') =>
    persist(() => admin.listOffsets(partitions, time ? { timestampMs: time.getTime() } : otherwise));
  const ends = byPartition(await offsetsAt(until, 'latest'));
  const starts = byPartition(await offsetsAt(from, 'earliest'));
  return partitions.map((place) => ({
    ...place,
    start: starts.get(place.partition) ?? 0n,
    end: ends.get(place.partition) ?? 0n,
  }));
}

function byPartition(offsets: readonly TopicPartitionOffset[]): Map<number, bigint> {
  return new Map(offsets.map(({ partition, offset }) => [partition, offset]));
}

/** The records of some ranges, one after the other, as they come. */
class Reading {
  private readonly waiting = new Fifo<ConsumerRecord>();
  private waitingBytes = 0;
  private readonly left = new Map<number, Range>();
  private readonly paused = new Map<number, TopicPartition>();
  private consumer: AssignedConsumer | undefined;
  private error: { readonly reason: unknown } | undefined;
  private reject: (reason: unknown) => void = () => undefined;
  private readonly failure = new Promise<never>((_, reject) => (this.reject = reject));
  private wake: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor() {
    // Whoever reads hears of it.
    this.failure.catch(() => undefined);
  }

  /** What this resolves with, or why reading has failed, whichever comes first. */
  unlessFailed<R>(work: Promise<R>): Promise<R> {
    return Promise.race([work, this.failure]);
  }

  async begin(consumer: AssignedConsumer, ranges: readonly Range[]): Promise<void> {
    this.consumer = consumer;
    for (const range of ranges) if (range.start < range.end) this.left.set(range.partition, range);
    if (this.left.size === 0) return;
    await this.unlessFailed(consumer.assign([...this.left.values()]));
    this.timer = setInterval(() => this.checkEnds(), END_CHECK_MS);
  }

  /** The next record; `undefined` at the end of all ranges. */
  async next(): Promise<ConsumerRecord | undefined> {
    for (;;) {
      if (this.error) throw this.error.reason;
      const record = this.waiting.take();
      if (record) {
        this.taken(record);
        return record;
      }
      if (this.left.size === 0) return undefined;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  fail(reason: unknown): void {
    this.error ??= { reason };
    this.reject(reason);
    this.wake?.();
  }

  end(): void {
    clearInterval(this.timer);
  }

  onState(state: string, error?: BrokerError): void {
    if (state === 'failed')
      this.fail(error ?? new BrokerError('unavailable', 'The reader of events has stopped.'));
  }

  onBatch({ topic, partition, records }: RecordBatch): void {
    const range = this.left.get(partition);
    if (!range) return;
    for (const record of records) {
      if (record.offset >= range.end) break;
      this.waiting.push(record);
      this.waitingBytes += bytesOf(record);
    }
    if (records[records.length - 1].offset + 1n >= range.end) this.finish(range);
    else if (this.isFull(1)) {
      this.paused.set(partition, { topic, partition });
      this.consumer?.pause([{ topic, partition }]);
    }
    this.wake?.();
  }

  private taken(record: ConsumerRecord): void {
    this.waitingBytes -= bytesOf(record);
    if (this.paused.size === 0 || this.isFull(0.5)) return;
    this.consumer?.resume([...this.paused.values()]);
    this.paused.clear();
  }

  /** Whether this share of what may wait does so. */
  private isFull(share: number): boolean {
    return this.waiting.length >= MAX_WAITING * share || this.waitingBytes >= MAX_WAITING_BYTES * share;
  }

  /** What is behind the last record of a range may be no record: a marker of a transaction, or what compaction has left. */
  private checkEnds(): void {
    for (const range of this.left.values()) {
      if ((this.consumer?.position(range) ?? 0n) >= range.end) this.finish(range);
    }
    if (this.left.size === 0) this.wake?.();
  }

  /** It is read no further, while others may go on for long. */
  private finish({ topic, partition }: Range): void {
    this.left.delete(partition);
    this.paused.delete(partition);
    this.consumer?.pause([{ topic, partition }]);
  }
}

function bytesOf({ value }: ConsumerRecord): number {
  return value?.length ?? 0;
}
