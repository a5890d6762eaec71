import type { RecordBatch, TopicPartition, TopicPartitionOffset } from '../record.js';
import { keyOf } from './partitions.js';

/** A single failure is repaired without a word: leaders move. */
const FAILURES_TO_REPORT = 2;

/** A batch that was fetched, and where the next one starts. */
export interface FetchedBatch {
  readonly batch: RecordBatch;
  readonly nextOffset: bigint;
}

/** One partition as the fetcher reads it. */
export interface Reading extends TopicPartition {
  /** Its key in maps of partitions. */
  readonly key: string;
  /** The next offset to hand over; also the next to fetch, unless `fetched` holds a batch. */
  position: bigint;
  /** It was chosen, not reached by reading: it may lie after the end of the partition, and wait there. */
  chosen: boolean;
  paused: boolean;
  /** Not released to be handed over yet. */
  held: boolean;
  /** Fetched during a pause: the batch that comes first at its end. */
  fetched: FetchedBatch | undefined;
  /** The broker that is asked; `undefined` while it has to be looked up. */
  leader: number | undefined;
  /** Consecutive fetches without success. */
  failures: number;
  /** Consecutive fetches that brought what cannot be decoded. */
  stalls: number;
  /** Not fetched before this time, of `performance.now()`. */
  notBefore: number;
  /** When an attempt to read it last ended, or could first be made, of `performance.now()`. */
  polledAt: number;
}

/** A partition at its start, not handed over yet. */
export function newReading({ topic, partition, offset }: TopicPartitionOffset, chosen: boolean): Reading {
  return {
    topic,
    partition,
    key: keyOf({ topic, partition }),
    position: offset,
    chosen,
    paused: false,
    held: true,
    fetched: undefined,
    leader: undefined,
    failures: 0,
    stalls: 0,
    notBefore: 0,
    polledAt: performance.now(),
  };
}

/** Whether a fetch may include it now: there is room for what comes. */
export function isFetchable(reading: Reading, now: number): boolean {
  return reading.fetched === undefined && !reading.held && reading.notBefore <= now;
}

/** Whether its owner has to know that it cannot be read. */
export function isTroubled({ failures, stalls }: Reading): boolean {
  return failures >= FAILURES_TO_REPORT || stalls > 0;
}
