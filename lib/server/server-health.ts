import type { GroupConsumerActivity } from '../broker/consumer.js';
import type { TopicPartitionOffset } from '../broker/record.js';
import type { StateHealth } from '../broker/state-history.js';

/**
 * How far a server is.
 *
 * - `unused`: nothing was given to it to serve, as in an application that only calls
 * - `starting`: it is to serve, and is not a settled member of all of its groups yet
 * - `serving`: it has been for once; its groups say how they are now
 * - `draining`: it ends: nothing more is taken, what runs may end
 * - `closed`: it has ended
 */
export type ServerPhase = 'unused' | 'starting' | 'serving' | 'draining' | 'closed';

/** What a server knows of itself, at one moment and without asking the broker. Times are milliseconds since the epoch. */
export interface ServerHealth {
  readonly service: string;
  /** `service/instance`. */
  readonly source: string;
  readonly phase: ServerPhase;
  /** Since when. */
  readonly since: number;
  /** One for each consumer group, while the server is connected. */
  readonly groups: readonly GroupHealth[];
}

/** One consumer group of a server. */
export interface GroupHealth extends StateHealth, GroupConsumerActivity {
  readonly groupId: string;
  /** Whether a consumer that has failed is being replaced; otherwise `failed` is for good. */
  readonly isReplaced: boolean;
  /** What is assigned to this instance. */
  readonly partitions: readonly PartitionHealth[];
}

/** One partition that is assigned to a server. */
export interface PartitionHealth extends TopicPartitionOffset {
  /** All before it is done: what is, or will be, committed. */
  readonly offset: bigint;
  /** The record there that was taken over and is not done: since when; `undefined` if there is none. */
  readonly unsettledSince: number | undefined;
  /** How many records were taken over and are not done. */
  readonly inFlight: number;
  /** Whether something behind the oldest record is done, which cannot be committed before it. */
  readonly holdsBack: boolean;
  /** Whether so much is done behind it that nothing more is taken. */
  readonly isHeldBack: boolean;
  /** Whether nothing is taken for now, because there is enough to do. */
  readonly isPaused: boolean;
  /** Whether it is on its way to another member. */
  readonly isLeaving: boolean;
  /** How many records are stored that are not done, when a batch was last fetched; `undefined` if none was. */
  readonly lag: number | undefined;
}
