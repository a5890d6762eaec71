import { BrokerError } from '../broker-error.js';
import { messageOf } from '../../errors/async-call-error.js';
import type { TopicPartition } from '../record.js';
import type { PartitionSequence } from './partition-sequence.js';
import type { PartitionShare } from './partition-share.js';
import { writeRecordBatch } from './wire/record-batch-writer.js';

interface Encoded {
  readonly bytes: Buffer;
  readonly count: number;
}

/** What is to be written to one partition: one batch after the other, each until it is written or given up. */
export class PartitionQueue implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** Why the last attempt failed; `undefined` if it did not. */
  error: BrokerError | undefined;
  /** How many attempts have failed since the last that did not. */
  failures = 0;
  private readonly shares: PartitionShare[] = [];
  private encoded: Encoded | undefined;

  /** Without a sequence, a batch whose acknowledgement was lost is stored again. */
  constructor(
    { topic, partition }: TopicPartition,
    private readonly sequence: PartitionSequence | undefined,
  ) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Whether it was empty before. */
  add(share: PartitionShare): boolean {
    return this.shares.push(share) === 1;
  }

  isEmpty(): boolean {
    return this.shares.length === 0;
  }

  /** Whether batches can be stamped. */
  isReady(): boolean {
    return this.sequence?.isReady() ?? true;
  }

  /** How long ago the records of the next batch were handed over. */
  get ageMs(): number {
    return performance.now() - this.shares[0].startedAt;
  }

  /** The next batch, the same bytes each time until it has ended. `undefined` for what cannot be encoded: it is given up. */
  batch(): Buffer | undefined {
    try {
      this.encoded ??= this.encode();
      return this.encoded.bytes;
    } catch (cause) {
      const message = `a record for topic ${this.topic} cannot be encoded: ${messageOf(cause)}`;
      this.giveUp(new BrokerError('invalid-argument', message, { cause }));
      return undefined;
    }
  }

  /** The batch is stored, from this offset on, which is -1 if it is not known. */
  written(baseOffset: bigint): void {
    const { count } = this.encoded!;
    this.sequence?.advance(count);
    this.shares[0].written(count, baseOffset);
    this.forgetBatch();
  }

  /** The batch may be tried again. */
  failed(error: BrokerError): void {
    this.error = error;
    this.failures += 1;
  }

  /** The batch, and what comes of the same call behind it, is not tried again. */
  giveUp(error: BrokerError): void {
    // An attempt that seemed to fail may have been stored: its numbers must not be used for other records.
    if (this.encoded) this.sequence?.restart();
    this.shares[0].reject(error);
    this.forgetBatch();
  }

  /** The leader lacks records before the batch, which it stored once: the batch begins a new count. */
  restartSequence(): void {
    this.sequence?.restart();
    this.encoded = undefined;
  }

  /** Somebody else writes with this producer id: it is not used again. */
  renounceProducerId(): void {
    this.sequence?.renounce();
  }

  describe(): string {
    const { count = 0, bytes } = this.encoded ?? {};
    return `${count} record${count === 1 ? '' : 's'} (${bytes?.length ?? 0} bytes) to topic ${this.topic}`;
  }

  private encode(): Encoded {
    const records = this.shares[0].next();
    const bytes = writeRecordBatch(records, Date.now(), this.sequence?.stamp());
    return { bytes, count: records.length };
  }

  private forgetBatch(): void {
    this.encoded = undefined;
    this.error = undefined;
    this.failures = 0;
    if (this.shares[0].isDone()) this.shares.shift();
  }
}
