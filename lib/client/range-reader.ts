import { BrokerError } from '../broker/broker-error.js';
import type { AssignedConsumer, ConsumerListener, ConsumerState } from '../broker/consumer.js';
import type { ConsumerRecord, RecordBatch, TopicPartition } from '../broker/record.js';
import { Fifo } from '../collections/fifo.js';
import type { Environment, TimerHandle } from '../environment/environment.js';

/** How many events may wait to be taken before their partitions are paused. */
const MAX_WAITING = 1_000;
/** The same in bytes of their payloads. */
const MAX_WAITING_BYTES = 16 * 1_024 * 1_024;
/** How often it is looked whether a partition ends with what holds no event. */
const END_CHECK_MS = 50;

/** A partition, from where on and up to where it is read. */
export interface Range extends TopicPartition {
  readonly start: bigint;
  readonly end: bigint;
}

/** The records of some ranges, one after the other, as they come. Those that are not taken yet are bounded. */
export class RangeReader implements ConsumerListener {
  private readonly waiting = new Fifo<ConsumerRecord>();
  private waitingBytes = 0;
  private readonly left = new Map<number, Range>();
  private readonly paused = new Map<number, TopicPartition>();
  private consumer: AssignedConsumer | undefined;
  private error: { readonly reason: unknown } | undefined;
  private reject: (reason: unknown) => void = () => undefined;
  private readonly failure = new Promise<never>((_, reject) => (this.reject = reject));
  private wake: (() => void) | undefined;
  private timer: TimerHandle | undefined;

  constructor(private readonly environment: Environment) {
    // Whoever reads hears of it.
    this.failure.catch(() => undefined);
  }

  /** What this resolves with, or why reading has failed, whichever comes first. */
  unlessFailed<R>(work: Promise<R>): Promise<R> {
    return Promise.race([work, this.failure]);
  }

  /** Resolves when the consumer reads the ranges; those that hold nothing are not read. */
  async begin(consumer: AssignedConsumer, ranges: readonly Range[]): Promise<void> {
    this.consumer = consumer;
    for (const range of ranges) if (range.start < range.end) this.left.set(range.partition, range);
    if (this.left.size === 0) return;
    await this.unlessFailed(consumer.assign([...this.left.values()]));
    this.timer = this.environment.setInterval(() => this.checkEnds(), END_CHECK_MS);
  }

  /** The next record; `undefined` at the end of all ranges. Rejects when reading has failed. */
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

  /** Ends reading: what is not taken yet is dropped. */
  fail(reason: unknown): void {
    this.error ??= { reason };
    this.reject(reason);
    this.wake?.();
  }

  /** Nobody takes anything any more. */
  end(): void {
    this.environment.clearInterval(this.timer);
  }

  onState(state: ConsumerState, error?: BrokerError): void {
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
