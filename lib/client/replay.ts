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
    await reading.begin(consumer, await rangesOf(admin, topicNames.events(name), options, signal));
    for (let record = await reading.next(); record; record = await reading.next()) {
      if (options.type === undefined || typeOf(record) === options.type) {
        yield new ReplayedEvent<T>(record, serializer);
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    reading.end();
    await consumer.close();
    await admin.close();
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
  private readonly left = new Map<number, Range>();
  private readonly paused = new Map<number, TopicPartition>();
  private consumer: AssignedConsumer | undefined;
  private error: { readonly reason: unknown } | undefined;
  private wake: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;

  async begin(consumer: AssignedConsumer, ranges: readonly Range[]): Promise<void> {
    this.consumer = consumer;
    for (const range of ranges) if (range.start < range.end) this.left.set(range.partition, range);
    if (this.left.size === 0) return;
    await Promise.race([consumer.assign([...this.left.values()]), this.failure()]);
    this.timer = setInterval(() => this.checkEnds(), END_CHECK_MS);
  }

  /** The next record; `undefined` at the end of all ranges. */
  async next(): Promise<ConsumerRecord | undefined> {
    for (;;) {
      if (this.error) throw this.error.reason;
      const record = this.waiting.take();
      if (record) {
        this.taken();
        return record;
      }
      if (this.left.size === 0) return undefined;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  fail(reason: unknown): void {
    this.error ??= { reason };
    this.wake?.();
  }

  end(): void {
    clearInterval(this.timer);
  }

  onState(state: string, error?: BrokerError): void {
    if (state === 'failed') this.fail(error);
  }

  onBatch({ topic, partition, records }: RecordBatch): void {
    const range = this.left.get(partition);
    if (!range) return;
    for (const record of records) {
      if (record.offset >= range.end) break;
      this.waiting.push(record);
    }
    if (this.waiting.length >= MAX_WAITING) {
      this.paused.set(partition, { topic, partition });
      this.consumer?.pause([{ topic, partition }]);
    }
    if (records[records.length - 1].offset + 1n >= range.end) this.left.delete(partition);
    this.wake?.();
  }

  private taken(): void {
    if (this.paused.size === 0 || this.waiting.length > MAX_WAITING / 2) return;
    this.consumer?.resume([...this.paused.values()]);
    this.paused.clear();
  }

  /** What is behind the last record of a range may be no record: a marker of a transaction, or what compaction has left. */
  private checkEnds(): void {
    for (const [partition, range] of this.left) {
      if ((this.consumer?.position(range) ?? 0n) >= range.end) this.left.delete(partition);
    }
    if (this.left.size === 0) this.wake?.();
  }

  /** Rejects when reading has failed. */
  private failure(): Promise<never> {
    return new Promise((_, reject) => {
      this.wake = () => this.error && reject(this.error.reason);
    });
  }
}
