import type { Broker, ClientIdentity } from '../broker/broker.js';
import { BrokerError } from '../broker/broker-error.js';
import type { ConsumerState, GroupConsumer } from '../broker/consumer.js';
import type { ConsumerRecord, RecordBatch, TopicPartition } from '../broker/record.js';
import { LaneScheduler } from '../delivery/lane-scheduler.js';
import { OwnedPartition } from './owned-partition.js';

/** How one delivery of a record ended. */
export type Outcome =
  /** It is done: its offset may be committed. */
  | 'settled'
  /** It must be run again. */
  | 'redeliver';

/** How requests are taken and run. */
export interface DeliverySettings {
  /** How many requests run at once. */
  readonly concurrency: number;
  /** How many may be taken over, running or waiting, before partitions are paused. */
  readonly maxInFlight: number;
  /** How often finished work is committed. */
  readonly commitIntervalMs: number;
  /** How long running requests may take to end when their partition or this instance goes. */
  readonly drainTimeoutMs: number;
}

/** What a request consumer is made of. */
export interface RequestConsumerOptions {
  readonly broker: Broker;
  readonly identity: ClientIdentity;
  readonly groupId: string;
  readonly topic: string;
  readonly settings: DeliverySettings;
  /** Runs one delivery; it may abort its own controller. Must not reject. */
  readonly deliver: (
    record: ConsumerRecord,
    attempt: number,
    controller: AbortController,
  ) => Promise<Outcome>;
  readonly onState: (state: ConsumerState, error?: BrokerError) => void;
  /** A commit failed in a way that the next one may not repair. */
  readonly onCommitError: (error: unknown) => void;
}

const REDELIVERY_DELAY_MS = 1_000;

/**
 * Takes the records of the request topic, runs them side by side (one after the other where they share a
 * key), and commits each offset only when its request and all before it in the partition are settled.
 */
export class RequestConsumer {
  private readonly consumer: GroupConsumer;
  private readonly scheduler: LaneScheduler;
  private readonly owned = new Map<number, OwnedPartition>();
  private inFlight = 0;
  private paused = false;
  private commitTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RequestConsumerOptions) {
    const { broker, identity, groupId, topic, settings, onState } = options;
    this.scheduler = new LaneScheduler(settings.concurrency);
    this.consumer = broker.createGroupConsumer(identity, {
      groupId,
      topics: [topic],
      startFrom: 'earliest',
      listener: {
        onState,
        onBatch: (batch) => this.take(batch),
        onAssigned: (partitions) => this.own(partitions),
        onRevoked: (partitions) => this.drain(partitions),
        onLost: (partitions) => this.drop(partitions),
      },
    });
  }

  /** See {@link GroupConsumer.start}. */
  async start(): Promise<void> {
    this.commitTimer = setInterval(() => void this.commit(), this.options.settings.commitIntervalMs);
    await this.consumer.start();
  }

  /** Ends the running requests within the drain time, commits what is done, leaves the group. */
  async close(): Promise<void> {
    await this.consumer.close();
    clearInterval(this.commitTimer);
  }

  private own(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) this.owned.set(partition, new OwnedPartition());
    if (this.paused) this.consumer.pause(partitions);
  }

  private take({ partition, records }: RecordBatch): void {
    const owned = this.owned.get(partition);
    if (!owned) return;
    for (const record of records) {
      owned.tracker.add(record.offset);
      this.inFlight += 1;
      const lane = record.key && `${partition}:${record.key.toString('latin1')}`;
      this.scheduler.submit(lane, () => this.run(owned, record));
    }
    if (!this.paused && this.inFlight >= this.options.settings.maxInFlight) {
      this.paused = true;
      this.consumer.pause(this.consumer.assignment());
    }
  }

  private async run(owned: OwnedPartition, record: ConsumerRecord): Promise<void> {
    await owned.run(async () => {
      for (let attempt = 1; !owned.signal.aborted; attempt += 1) {
        const outcome = await owned.attempt((controller) =>
          this.options.deliver(record, attempt, controller),
        );
        if (outcome === 'settled') return owned.settle(record.offset);
        await delay(REDELIVERY_DELAY_MS, owned.signal);
      }
    });
    this.inFlight -= 1;
    if (this.paused && this.inFlight <= this.options.settings.maxInFlight / 2) {
      this.paused = false;
      this.consumer.resume(this.consumer.assignment());
    }
  }

  private async drain(partitions: readonly TopicPartition[]): Promise<void> {
    const draining = partitions.flatMap(({ partition }) => this.owned.get(partition) ?? []);
    await Promise.all(draining.map((owned) => owned.drain(this.options.settings.drainTimeoutMs)));
    await this.commit();
    this.drop(partitions);
  }

  private drop(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) {
      this.owned.get(partition)?.abort();
      this.owned.delete(partition);
    }
  }

  private async commit(): Promise<void> {
    const { topic } = this.options;
    const commits = [...this.owned].flatMap(([partition, owned]) => {
      const offset = owned.takeUncommitted();
      return offset === undefined ? [] : [{ topic, partition, offset, owned }];
    });
    if (commits.length === 0) return;
    try {
      await this.consumer.commit(commits.map(({ owned: _, ...commit }) => commit));
    } catch (error) {
      for (const { owned, offset } of commits) owned.notCommitted(offset);
      // Fenced: the new owner runs these again. Retriable: the next interval commits them.
      if (error instanceof BrokerError && (error.fenced || error.retriable)) return;
      this.options.onCommitError(error);
    }
  }
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
