import type { Broker, ClientIdentity } from '../broker/broker.js';
import { BrokerError } from '../broker/broker-error.js';
import type { AssignedPartition, ConsumerState, GroupConsumer, GroupStart } from '../broker/consumer.js';
import type { ConsumerRecord, RecordBatch, TopicPartition, TopicPartitionOffset } from '../broker/record.js';
import type { StateHealth } from '../broker/state-history.js';
import type { Delivery } from '../delivery/delivery.js';
import type { Environment, TimerHandle } from '../environment/environment.js';
import { HEADER } from '../protocol/header-names.js';
import { headerOf } from '../protocol/wire-record.js';
import type { Intake } from './intake.js';
import { keyOf, OwnedPartition } from './owned-partition.js';
import type { GroupHealth } from './server-health.js';

/** How a consumer takes part in its group. */
export interface GroupSettings {
  /** How often finished work is committed. */
  readonly commitIntervalMs: number;
  /** How long running records may take to end when their partition or this instance goes. */
  readonly drainTimeoutMs: number;
  /** How long the group waits for this member in a rebalance; longer than the drain time. */
  readonly rebalanceTimeoutMs: number;
  /** After how long without a heartbeat the partitions go to other instances. */
  readonly sessionTimeoutMs: number;
}

/** What a record consumer is made of. */
export interface RecordConsumerOptions {
  readonly broker: Broker;
  readonly environment: Environment;
  readonly identity: ClientIdentity;
  readonly groupId: string;
  /** What it subscribes to at first: at least one topic, each of which exists. */
  readonly topics: readonly string[];
  readonly startFrom: (topic: string) => GroupStart;
  readonly settings: GroupSettings;
  /** What runs the records of a topic. */
  readonly intakeOf: (topic: string) => Intake;
  /** A record was taken over. */
  readonly onReceived: () => void;
  readonly onState: (state: ConsumerState, error?: BrokerError) => void;
  /** A partition is paused, because so much is done behind a record at this offset that does not end. */
  readonly onHeldBack: (place: TopicPartitionOffset) => void;
  /** So many records of a partition that goes have not ended within the drain time. */
  readonly onCutOff: (place: TopicPartition, count: number) => void;
  /** A commit failed in a way that the next one may not repair. */
  readonly onCommitError: (error: unknown) => void;
}

/**
 * Takes the records of the topics of one group, has them run side by side (one after the other where they share a
 * lane), and commits each offset only when its record and all before it in the partition are settled.
 */
export class RecordConsumer {
  private readonly consumer: GroupConsumer;
  private readonly owned = new Map<string, OwnedPartition>();
  private committing: Promise<void> = Promise.resolve();
  private commitTimer: TimerHandle | undefined;

  constructor(private readonly options: RecordConsumerOptions) {
    const { broker, identity, groupId, topics, startFrom, settings, onState } = options;
    this.consumer = broker.createGroupConsumer(identity, {
      groupId,
      topics,
      startFrom,
      rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
      sessionTimeoutMs: settings.sessionTimeoutMs,
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
    const { environment, settings } = this.options;
    this.commitTimer = environment.setInterval(() => void this.commit(), settings.commitIntervalMs);
    await this.consumer.start();
  }

  /** See {@link GroupConsumer.subscribe}. */
  subscribe(topics: readonly string[]): void {
    this.consumer.subscribe(topics);
  }

  /** What is known of it without asking the broker. */
  get health(): Omit<GroupHealth, 'groupId' | 'isReplaced' | keyof StateHealth> {
    return {
      ...this.consumer.activity(),
      partitions: [...this.owned.values()].map(({ health }) => health),
    };
  }

  /** Ends the running records within the drain time, commits what is done, leaves the group. */
  async close(): Promise<void> {
    await this.consumer.close();
    this.options.environment.clearInterval(this.commitTimer);
  }

  private own(partitions: readonly AssignedPartition[]): void {
    const { environment, intakeOf } = this.options;
    for (const assigned of partitions) {
      const owned = new OwnedPartition(assigned, intakeOf(assigned.topic), environment);
      this.owned.set(keyOf(assigned), owned);
      this.regulateOne(owned);
    }
  }

  private take(batch: RecordBatch): void {
    const owned = this.owned.get(keyOf(batch));
    if (!owned) return;
    for (const record of batch.records) {
      if (!owned.tracker.add(record.offset)) continue;
      this.options.onReceived();
      const cancelled = owned.intake.cancelledRequestOf(record);
      if (cancelled) this.withdraw(owned, cancelled, record.offset);
      else this.submit(owned, record);
    }
    owned.took(batch);
    this.regulate(owned);
  }

  /** A cancel does not wait in the lane of its request, whose key it bears: it would come too late. */
  private withdraw(owned: OwnedPartition, correlationId: Buffer, offset: bigint): void {
    const isInFlight = owned.requests.withdraw(correlationId.toString('latin1'), offset);
    if (!isInFlight) owned.settle(offset);
  }

  private submit(owned: OwnedPartition, record: ConsumerRecord): void {
    const requestId = headerOf(record, HEADER.correlationId)?.toString('latin1') ?? '';
    const withdrawal = owned.requests.take(requestId);
    owned.intake.submit(record, owned.key, (intermission) =>
      this.run(owned, { record, owner: owned, withdrawal, intermission }, requestId),
    );
  }

  private async run(owned: OwnedPartition, delivery: Delivery, requestId: string): Promise<void> {
    if (!owned.begin()) return this.leave(owned);
    const outcome = await owned.intake.handle(delivery);
    const cancels = owned.requests.end(requestId);
    if (outcome.kind === 'settled') {
      owned.settle(delivery.record.offset);
      for (const offset of cancels) owned.settle(offset);
    }
    owned.end();
    this.leave(owned);
  }

  private leave(owned: OwnedPartition): void {
    owned.intake.release();
    this.regulate(owned);
  }

  /** Pauses what there is no room for, and resumes it when there is. */
  private regulate(touched: OwnedPartition): void {
    const { intake } = touched;
    if (!intake.hasChanged()) return this.regulateOne(touched);
    for (const owned of this.owned.values()) if (owned.intake === intake) this.regulateOne(owned);
  }

  private regulateOne(owned: OwnedPartition): void {
    if (this.owned.get(owned.key) !== owned) return;
    const { topic, partition } = owned;
    const place = { topic, partition };
    if (owned.isHeldBackNow()) this.options.onHeldBack({ ...place, offset: owned.tracker.position });
    const paused = owned.intake.full || owned.heldBack;
    if (paused === owned.paused) return;
    owned.paused = paused;
    if (paused) this.consumer.pause([place]);
    else this.consumer.resume([place]);
  }

  private async drain(partitions: readonly TopicPartition[]): Promise<void> {
    const draining = partitions.flatMap((partition) => this.owned.get(keyOf(partition)) ?? []);
    await Promise.all(draining.map((owned) => this.drainOne(owned)));
    await this.commit();
    this.drop(partitions);
  }

  private async drainOne(owned: OwnedPartition): Promise<void> {
    const { settings, onCutOff } = this.options;
    const left = await owned.drain(settings.drainTimeoutMs);
    if (left > 0) onCutOff(owned, left);
  }

  private drop(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const key = keyOf(partition);
      this.owned.get(key)?.abort();
      this.owned.delete(key);
    }
  }

  /** Commits what is done by now; one commit at a time, so that none is overtaken by the end of a drain. */
  private commit(): Promise<void> {
    this.committing = this.committing.then(() => this.commitNow());
    return this.committing;
  }

  private async commitNow(): Promise<void> {
    const taken = [...this.owned.values()].flatMap((owned) => {
      const { topic, partition } = owned;
      const progress = owned.takeUncommitted();
      return progress ? [{ owned, commit: { topic, partition, ...progress } }] : [];
    });
    if (taken.length === 0) return;
    try {
      await this.consumer.commit(taken.map(({ commit }) => commit));
    } catch (error) {
      for (const { owned } of taken) owned.notCommitted();
      // Fenced: the new owner runs these again. Retriable: the next interval commits them.
      if (error instanceof BrokerError && (error.fenced || error.retriable)) return;
      this.options.onCommitError(error);
    }
  }
}
