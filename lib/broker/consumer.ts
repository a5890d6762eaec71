import type { BrokerError } from './broker-error.js';
import type { RecordBatch, TopicPartition, TopicPartitionOffset } from './record.js';

/**
 * What a consumer is doing.
 *
 * - `starting`: not positioned yet (connecting, joining its group, listing offsets)
 * - `running`: positioned; records are handed over as they come
 * - `rebalancing`: the group is changing; partitions that stay are still consumed
 * - `unavailable`: the broker cannot be reached, refuses what it has let in before, or a partition cannot be read; the
 *   consumer keeps trying by itself
 * - `failed`: it has stopped for good; a new one is needed
 * - `closed`: it was closed
 */
export type ConsumerState = 'starting' | 'running' | 'rebalancing' | 'unavailable' | 'failed' | 'closed';

/** What every consumer tells its owner. */
export interface ConsumerListener {
  /**
   * Takes records over. It must return at once and must not throw: work goes elsewhere, back-pressure
   * through `pause`. Batches of one partition come in offset order, without gaps or repeats, as long as
   * the partition stays assigned and is not sought elsewhere.
   */
  onBatch(batch: RecordBatch): void;
  /** The state changed; `error` says why where there is a reason. */
  onState?(state: ConsumerState, error?: BrokerError): void;
}

/** How records are fetched. */
export interface FetchOptions {
  /** How long the broker may hold a fetch open when there is nothing to read. Default 500. */
  readonly maxWaitMs?: number;
  /** How many bytes of one partition a fetch may bring; a larger record still comes. Default 1 MiB. */
  readonly maxBytesPerPartition?: number;
}

/** What a consumer has done lately, told without asking the broker. Times are milliseconds since the epoch. */
export interface ConsumerActivity {
  /**
   * When the loop that reads last got round, well or not: of several that which stands still for longest. In a group
   * also the one that tells the group that this member lives. Each broker that was tried in vain is a round. `undefined`
   * while there is nothing to do for them: before the start, after the end, and as long as nothing is to be fetched.
   */
  readonly lastPolledAt: number | undefined;
  /** When a broker last answered; `undefined` if none has. */
  readonly lastContactAt: number | undefined;
}

/** The same of a member of a group. */
export interface GroupConsumerActivity extends ConsumerActivity {
  /** How often it has joined its group since it was last settled in it; 0 while it is. */
  readonly joins: number;
}

/** What consumers of both kinds can do. */
export interface Consumer {
  /** What it has done lately; costs no request. */
  activity(): ConsumerActivity;
  /**
   * No batch of these partitions is handed over after this call has returned, until `resume`. Fetching of
   * the others goes on. Partitions that are not assigned are ignored.
   */
  pause(partitions: readonly TopicPartition[]): void;
  /** Ends a pause; the next batch starts after the last one that was handed over. */
  resume(partitions: readonly TopicPartition[]): void;
}

/** A partition that was just assigned, and where consumption of it starts. */
export interface AssignedPartition extends TopicPartitionOffset {
  /** The metadata of the offset's commit; empty if there is none. */
  readonly metadata: string;
  /** Grows with each change of the partition's owner in its group: of two owners the one with the greater epoch is the later. */
  readonly epoch: number;
}

/** What the consumer of a group tells its owner, beside its records. */
export interface GroupConsumerListener extends ConsumerListener {
  /** These partitions are now this member's. Their batches start after the returned promise. */
  onAssigned?(partitions: readonly AssignedPartition[]): void | Promise<void>;
  /**
   * These partitions go to another member, or the consumer is closing. No batch of them is handed over any more;
   * commits for them are still accepted until the returned promise has settled, and only then can
   * another member own them. The listener bounds its own time.
   */
  onRevoked?(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** These partitions are already another member's (the session expired): commits would be fenced. */
  onLost?(partitions: readonly TopicPartition[]): void;
}

/** An offset to commit. */
export interface OffsetCommit extends TopicPartitionOffset {
  /** Travels with the offset to the partition's next owner; at most 4096 bytes on a default broker. */
  readonly metadata?: string;
}

/** Where a group starts: an end, or the first record from a time on. */
export type GroupStart = 'earliest' | 'latest' | { readonly timestampMs: number };

/** Where a consumer without a group starts: an offset, an end, or the first record from a time on. */
export type StartPosition = bigint | GroupStart;

/** What a group consumer is made with. */
export interface GroupConsumerOptions extends FetchOptions {
  readonly groupId: string;
  /** At least one, each of which must exist. */
  readonly topics: readonly string[];
  /**
   * Where a partition of the topic starts for which the group has no committed offset. Other than `earliest` is
   * committed at once, as a number: what comes from then on is not skipped by the partition's next owner.
   */
  readonly startFrom: (topic: string) => GroupStart;
  /** Without a heartbeat for this long, the group gives the partitions away. Default 30,000. */
  readonly sessionTimeoutMs?: number;
  /** Time between two heartbeats. They do not depend on the listener. Default: a third of the session, at most 3,000. */
  readonly heartbeatIntervalMs?: number;
  /** How long a rebalance waits for each member to come back. Default 60,000. */
  readonly rebalanceTimeoutMs?: number;
  readonly listener: GroupConsumerListener;
}

/**
 * A member of a consumer group. Partitions are spread over the members; when members come or go, only
 * the partitions that change hands stop (a cooperative rebalance).
 */
export interface GroupConsumer extends Consumer {
  /**
   * Joins the group; resolves once the first assignment, which may be empty, has settled. While the
   * broker cannot be reached it keeps trying, until `close`; afterwards it repairs itself:
   * lost connections, leader changes, expired sessions and full outages of the cluster end in `running`
   * again, and so do credentials and rights that are refused later. Rejects, and the consumer is `failed`, with
   * `unknown-topic`, `authentication-failed`, `authorization-failed`, or `invalid-argument` for options that do not fit
   * the broker.
   */
  start(): Promise<void>;
  /** See {@link Consumer.activity}. */
  activity(): GroupConsumerActivity;
  /** What is assigned now. */
  assignment(): TopicPartition[];
  /**
   * Subscribes to these topics from now on, instead of those before: at least one. The group is joined again; what is
   * not subscribed to any more is revoked. A topic that does not exist (yet) has no partitions. Does nothing if the
   * topics are the same.
   */
  subscribe(topics: readonly string[]): void;
  /**
   * Stores offsets, each the *next* one to read. Rejects with a fenced {@link BrokerError} when this
   * member does not own a partition of them (any more): nothing of that call is stored then.
   */
  commit(offsets: readonly OffsetCommit[]): Promise<void>;
  /** The next batch of the partition starts at this offset. */
  seek(position: TopicPartitionOffset): void;
  /** Revokes everything (see `onRevoked`), leaves the group at once, releases the connection. */
  close(): Promise<void>;
}

/** A partition to read, and from where. */
export interface PartitionStart extends TopicPartition {
  readonly start: StartPosition;
}

/** What a consumer without a group is made with. */
export interface AssignedConsumerOptions extends FetchOptions {
  readonly listener: ConsumerListener;
}

/** Reads partitions it was told to read; no group, no commits, nothing to wait for. */
export interface AssignedConsumer extends Consumer {
  /**
   * Replaces what is read. Resolves, with the offset of the next record of each, only when every start
   * is known as a number: each record appended after that is handed over. While the broker
   * cannot be reached it keeps trying, until `close`; then, and for a topic that does not exist
   * (`unknown-topic`), it rejects. Afterwards it repairs itself, as a group consumer does; where records
   * were deleted before they were read, it goes on at the earliest.
   */
  assign(partitions: readonly PartitionStart[]): Promise<TopicPartitionOffset[]>;
  /**
   * The offset behind the last record that was handed over of the partition, and behind what holds none, such as the
   * markers of transactions; `undefined` if the partition is not read.
   */
  position(partition: TopicPartition): bigint | undefined;
  /** Stops reading and releases the connection. */
  close(): Promise<void>;
}
