import type { Broker, ClientIdentity } from '../broker/broker.js';
import { BrokerError } from '../broker/broker-error.js';
import type { AssignedPartition, ConsumerState, GroupConsumer } from '../broker/consumer.js';
import type { ConsumerRecord, RecordBatch, TopicPartition, TopicPartitionOffset } from '../broker/record.js';
import type { Delivery, Handle } from '../delivery/delivery.js';
import { Gate, LaneScheduler } from '../delivery/lane-scheduler.js';
import { cancelledRequestOf } from '../protocol/cancel.js';
import { HEADER } from '../protocol/header-names.js';
import { headerOf } from '../protocol/wire-record.js';
import { OwnedPartition } from './owned-partition.js';

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
  /** How long the group waits for this member in a rebalance; longer than the drain time. */
  readonly rebalanceTimeoutMs: number;
  /** After how long without a heartbeat the partitions go to other instances. */
  readonly sessionTimeoutMs: number;
}

/** What a request consumer is made of. */
export interface RequestConsumerOptions {
  readonly broker: Broker;
  readonly identity: ClientIdentity;
  readonly groupId: string;
  readonly topic: string;
  readonly settings: DeliverySettings;
  /** Runs a record to its end. Must not reject. */
  readonly handle: Handle<Delivery>;
  /** How many requests for an endpoint run at once; `undefined` where only `concurrency` limits them. */
  readonly concurrencyOf: (endpoint: string) => number | undefined;
  /** A record was taken over. */
  readonly onReceived: () => void;
  readonly onState: (state: ConsumerState, error?: BrokerError) => void;
  /** A partition is paused, because so much is done behind a request at this offset that does not end. */
  readonly onHeldBack: (place: TopicPartitionOffset) => void;
  /** A commit failed in a way that the next one may not repair. */
  readonly onCommitError: (error: unknown) => void;
}

/**
 * Takes the records of the request topic, runs them side by side (one after the other where they share a
 * key), and commits each offset only when its request and all before it in the partition are settled.
 */
export class RequestConsumer {
  private readonly consumer: GroupConsumer;
  private readonly scheduler: LaneScheduler;
  private readonly owned = new Map<number, OwnedPartition>();
  /** Of the endpoints that have a limit of their own. */
  private readonly gates = new Map<string, Gate>();
  private inFlight = 0;
  private full = false;
  private committing: Promise<void> = Promise.resolve();
  private commitTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RequestConsumerOptions) {
    const { broker, identity, groupId, topic, settings, onState } = options;
    this.scheduler = new LaneScheduler(settings.concurrency);
    this.consumer = broker.createGroupConsumer(identity, {
      groupId,
      topics: [topic],
      startFrom: 'earliest',
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
    this.commitTimer = setInterval(() => void this.commit(), this.options.settings.commitIntervalMs);
    await this.consumer.start();
  }

  /** Ends the running requests within the drain time, commits what is done, leaves the group. */
  async close(): Promise<void> {
    await this.consumer.close();
    clearInterval(this.commitTimer);
  }

  private own(partitions: readonly AssignedPartition[]): void {
    for (const assigned of partitions) {
      const owned = new OwnedPartition(assigned);
      this.owned.set(assigned.partition, owned);
      this.regulateOne(owned);
    }
  }

  private take({ partition, records }: RecordBatch): void {
    const owned = this.owned.get(partition);
    if (!owned) return;
    for (const record of records) {
      if (!owned.tracker.add(record.offset)) continue;
      this.options.onReceived();
      const cancelled = cancelledRequestOf(record);
      if (cancelled) this.withdraw(owned, cancelled, record.offset);
      else this.submit(owned, record);
    }
    this.regulate(owned);
  }

  /** A cancel does not wait in the lane of its request, whose key it bears: it would come too late. */
  private withdraw(owned: OwnedPartition, correlationId: Buffer, offset: bigint): void {
    const isInFlight = owned.requests.withdraw(correlationId.toString('latin1'), offset);
    if (!isInFlight) owned.settle(offset);
  }

  private submit(owned: OwnedPartition, record: ConsumerRecord): void {
    const { key } = record;
    const lane = key && `${owned.partition}:${key.toString('latin1')}`;
    const requestId = headerOf(record, HEADER.correlationId)?.toString('latin1') ?? '';
    const withdrawal = owned.requests.take(requestId);
    this.inFlight += 1;
    this.scheduler.submit(
      lane,
      (intermission) => this.run(owned, { record, owner: owned, withdrawal, intermission }, requestId),
      this.gateOf(record),
    );
  }

  private gateOf(record: ConsumerRecord): Gate | undefined {
    const endpoint = headerOf(record, HEADER.endpoint)?.toString('utf8') ?? '';
    const limit = this.options.concurrencyOf(endpoint);
    if (limit === undefined) return undefined;
    const gate = this.gates.get(endpoint) ?? new Gate(limit);
    this.gates.set(endpoint, gate);
    return gate;
  }

  private async run(owned: OwnedPartition, delivery: Delivery, requestId: string): Promise<void> {
    if (!owned.begin()) return this.leave(owned);
    const outcome = await this.options.handle(delivery);
    const cancels = owned.requests.end(requestId);
    if (outcome.kind === 'settled') {
      owned.settle(delivery.record.offset);
      for (const offset of cancels) owned.settle(offset);
    }
    owned.end();
    this.leave(owned);
  }

  private leave(owned: OwnedPartition): void {
    this.inFlight -= 1;
    this.regulate(owned);
  }

  /** Pauses what there is no room for, and resumes it at half of the limit. */
  private regulate(touched: OwnedPartition): void {
    const { maxInFlight } = this.options.settings;
    const wasFull = this.full;
    if (this.inFlight >= maxInFlight) this.full = true;
    else if (this.inFlight <= maxInFlight / 2) this.full = false;
    for (const owned of this.full === wasFull ? [touched] : this.owned.values()) this.regulateOne(owned);
  }

  private regulateOne(owned: OwnedPartition): void {
    const { partition } = owned;
    if (this.owned.get(partition) !== owned) return;
    const place = { topic: this.options.topic, partition };
    if (owned.isHeldBackNow()) this.options.onHeldBack({ ...place, offset: owned.tracker.position });
    const paused = this.full || owned.heldBack;
    if (paused === owned.paused) return;
    owned.paused = paused;
    if (paused) this.consumer.pause([place]);
    else this.consumer.resume([place]);
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

  /** Commits what is done by now; one commit at a time, so that none is overtaken by the end of a drain. */
  private commit(): Promise<void> {
    this.committing = this.committing.then(() => this.commitNow());
    return this.committing;
  }

  private async commitNow(): Promise<void> {
    const { topic } = this.options;
    const taken = [...this.owned.values()].flatMap((owned) => {
      const progress = owned.takeUncommitted();
      return progress ? [{ owned, commit: { topic, partition: owned.partition, ...progress } }] : [];
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
