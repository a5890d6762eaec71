import type {
  AssignedConsumer,
  AssignedPartition,
  Consumer,
  ConsumerState,
  GroupConsumer,
  GroupConsumerListener,
  OffsetCommit,
  PartitionStart,
} from '../../lib/broker/consumer.js';
import type {
  ConsumerRecord,
  RecordBatch,
  TopicPartition,
  TopicPartitionOffset,
} from '../../lib/broker/record.js';
import { within } from './within.js';

/** What a test does inside a callback, beside recording it. */
export interface Reactions<C> {
  onBatch?(batch: RecordBatch, consumer: C): void;
  onAssigned?(partitions: readonly AssignedPartition[], consumer: C): void | Promise<void>;
  onRevoked?(partitions: readonly TopicPartition[], consumer: C): void | Promise<void>;
}

/**
 * A consumer that records what it is handed, lets a test wait for it, and checks what every listener
 * may rely on: offsets without gaps or repeats, no batch of a partition that is paused, revoked or not
 * ready yet, no callback after close. What broke these rules is in `violations`.
 */
abstract class RecordingConsumer<C extends Consumer> {
  readonly violations: string[] = [];
  readonly batches: RecordBatch[] = [];
  readonly records: ConsumerRecord[] = [];
  readonly states: ConsumerState[] = [];
  /** When each of them came, by `performance.now()`. */
  readonly stateTimes: number[] = [];
  /** Set for a test that deletes records: offsets may then jump forward. */
  mayJump = false;

  abstract readonly consumer: C & { close(): Promise<void> };
  /** The next offset of each partition that may be handed over; `null` where any may come first. */
  protected readonly expected = new Map<string, bigint | null>();
  protected closed = false;
  protected assigning = false;
  private readonly paused = new Set<string>();
  private readonly watchers = new Set<() => void>();

  /** The values handed over, as text, in order. */
  values(partition?: number): string[] {
    const wanted = this.records.filter((record) => partition === undefined || record.partition === partition);
    return wanted.map(({ value }) => String(value));
  }

  /** The first `count` records, once as many were handed over. */
  async received(count: number): Promise<ConsumerRecord[]> {
    await this.until(
      () => this.records.length >= count,
      () => `${count} records, got ${this.records.length}`,
    );
    return this.records.slice(0, count);
  }

  /** Resolves once a callback of the listener has made the condition true. */
  until(condition: () => boolean, what: () => string = () => String(condition)): Promise<void> {
    const fulfilled = new Promise<void>((resolve) => {
      const watcher = () => {
        if (!condition()) return;
        this.watchers.delete(watcher);
        resolve();
      };
      this.watchers.add(watcher);
      watcher();
    });
    return within(20_000, fulfilled, what);
  }

  pause(...partitions: TopicPartition[]): void {
    this.consumer.pause(partitions);
    for (const partition of partitions) this.paused.add(keyOf(partition));
  }

  resume(...partitions: TopicPartition[]): void {
    for (const partition of partitions) this.paused.delete(keyOf(partition));
    this.consumer.resume(partitions);
  }

  async close(): Promise<void> {
    await this.consumer.close();
    this.closed = true;
  }

  protected called(callback: string): void {
    if (this.closed) this.violations.push(`${callback} after close`);
  }

  protected changed(): void {
    for (const watcher of this.watchers) watcher();
  }

  protected record(batch: RecordBatch): void {
    this.called('onBatch');
    this.check(batch);
    this.batches.push(batch);
    this.records.push(...batch.records);
  }

  protected recordState(state: ConsumerState): void {
    this.called(`onState(${state})`);
    this.states.push(state);
    this.stateTimes.push(performance.now());
    this.changed();
  }

  private check(batch: RecordBatch): void {
    const key = keyOf(batch);
    const wrong = (what: string) => this.violations.push(`${key}: ${what}`);
    if (batch.records.length === 0) wrong('empty batch');
    if (!this.expected.has(key)) wrong('batch of a partition that is not consumed');
    if (this.paused.has(key)) wrong('batch of a paused partition');
    let next = this.assigning ? null : (this.expected.get(key) ?? null);
    for (const record of batch.records) {
      if (keyOf(record) !== key) wrong(`record of ${keyOf(record)}`);
      const asExpected = next === null || record.offset === next || (this.mayJump && record.offset > next);
      if (!asExpected) wrong(`offset ${record.offset}, expected ${next}`);
      next = record.offset + 1n;
    }
    if (next !== null && batch.highWatermark < next) wrong(`high watermark ${batch.highWatermark}`);
    this.expected.set(key, next);
  }
}

/** An assigned consumer under observation. */
export class RecordingReader extends RecordingConsumer<AssignedConsumer> {
  readonly consumer: AssignedConsumer;

  constructor(
    create: (listener: GroupConsumerListener) => AssignedConsumer,
    reactions: Reactions<RecordingReader> = {},
  ) {
    super();
    this.consumer = create({
      onBatch: (batch) => {
        this.record(batch);
        reactions.onBatch?.(batch, this);
        this.changed();
      },
      onState: (state) => this.recordState(state),
    });
  }

  async assign(...partitions: PartitionStart[]): Promise<TopicPartitionOffset[]> {
    // Until it resolves, records of the old assignment may come as well as the first of the new one.
    this.assigning = true;
    for (const partition of partitions) this.expected.set(keyOf(partition), null);
    const places = await this.consumer.assign(partitions);
    this.expected.clear();
    for (const partition of partitions) this.expected.set(keyOf(partition), null);
    this.assigning = false;
    return places;
  }
}

/** A member of a group under observation. */
export class RecordingMember extends RecordingConsumer<GroupConsumer> {
  readonly consumer: GroupConsumer;
  /** Every partition that was assigned, in order; one may come again. */
  readonly assigned: AssignedPartition[] = [];
  /** Every partition that was revoked, in order; one may come again. */
  readonly revoked: TopicPartition[] = [];
  /** Sought while `onAssigned` was still running. */
  private readonly sought = new Map<string, bigint>();

  constructor(
    create: (listener: GroupConsumerListener) => GroupConsumer,
    reactions: Reactions<RecordingMember> = {},
  ) {
    super();
    this.consumer = create({
      onBatch: (batch) => {
        this.record(batch);
        reactions.onBatch?.(batch, this);
        this.changed();
      },
      onState: (state) => this.recordState(state),
      onAssigned: async (partitions) => {
        this.called('onAssigned');
        this.assigned.push(...partitions);
        this.changed();
        await reactions.onAssigned?.(partitions, this);
        for (const partition of partitions) this.startAt(partition);
        this.changed();
      },
      onRevoked: async (partitions) => {
        this.called('onRevoked');
        this.revoked.push(...partitions);
        for (const partition of partitions) this.expected.delete(keyOf(partition));
        this.changed();
        await reactions.onRevoked?.(partitions, this);
      },
      onLost: (partitions) => {
        this.called('onLost');
        for (const partition of partitions) this.expected.delete(keyOf(partition));
        this.changed();
      },
    });
  }

  /** What is assigned, as numbers, in order; for a group with one topic. */
  partitions(): number[] {
    return numbersOf(this.consumer.assignment());
  }

  /** The topics of what is assigned, each as often as it has partitions here. */
  topics(): string[] {
    return this.consumer
      .assignment()
      .map(({ topic }) => topic)
      .sort();
  }

  commit(...offsets: OffsetCommit[]): Promise<void> {
    return this.consumer.commit(offsets);
  }

  /** Commits, for these partitions, everything that was handed over. */
  commitReceived(partitions: readonly TopicPartition[]): Promise<void> {
    const offsets = partitions.flatMap(({ topic, partition }) => {
      const last = this.records.findLast(
        (record) => record.topic === topic && record.partition === partition,
      );
      return last === undefined ? [] : [{ topic, partition, offset: last.offset + 1n }];
    });
    return this.commit(...offsets);
  }

  seek(position: TopicPartitionOffset): void {
    this.consumer.seek(position);
    const key = keyOf(position);
    if (this.expected.has(key)) this.expected.set(key, position.offset);
    else this.sought.set(key, position.offset);
  }

  private startAt(partition: AssignedPartition): void {
    const key = keyOf(partition);
    this.expected.set(key, this.sought.get(key) ?? partition.offset);
    this.sought.delete(key);
  }
}

/** The numbers of partitions of one topic, in order. */
export function numbersOf(partitions: readonly TopicPartition[]): number[] {
  return partitions.map(({ partition }) => partition).sort((a, b) => a - b);
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
