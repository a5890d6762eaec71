import type { TopicPartition } from '../broker/record.js';

/** Why a probe fails: what is wrong, where, and since when. */
export interface HealthReason {
  /** Absent where it is the whole process. */
  readonly service?: string;
  /** The consumer group. */
  readonly group?: string;
  /** As `topic[partition]`. */
  readonly partition?: string;
  /** The time, in the form of ISO 8601. */
  readonly since?: string;
  readonly why: string;
}

/** A time as reasons tell it. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** A partition as reasons tell it. */
export function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}[${partition}]`;
}

/** How long something has lasted, for people. */
export function lasted(since: number, now: number): string {
  return `${((now - since) / 1_000).toFixed(1)} s`;
}
