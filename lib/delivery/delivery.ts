import type { ConsumerRecord } from '../broker/record.js';
import type { AsyncCallError } from '../errors/async-call-error.js';
import type { Answerable } from '../protocol/decode-error.js';
import type { IncomingRequest } from '../protocol/request.js';
import type { Cutoff } from './cutoff.js';
import type { Intermission } from './lane-scheduler.js';

/** Whoever owns the partition that a record came from. */
export interface DeliveryOwner {
  /** Grows with each change of the partition's owner; see `AssignedPartition.epoch`. */
  readonly epoch: number;
  /** Aborts when nothing new may be started: the partition, or this instance, is on its way out. */
  readonly closing: Cutoff;
  /** Aborts when the partition is no longer ours: what happens to the record now is its next owner's business. */
  readonly gone: Cutoff;
}

/** A record that was handed to this instance. */
export interface Delivery {
  readonly record: ConsumerRecord;
  readonly owner: DeliveryOwner;
  /** Aborts when the caller gives the request up. */
  readonly withdrawal: Cutoff;
  /** Gives the place of this delivery to others meanwhile. */
  readonly intermission: Intermission;
}

/** A delivery whose record is a request. */
export interface RequestDelivery extends Delivery {
  readonly request: IncomingRequest;
}

/** Where the record stands, for people and for stores: `topic[partition]@offset`. */
export function placeOf({ topic, partition, offset }: ConsumerRecord): string {
  return `${topic}[${partition}]@${offset}`;
}

/** When the caller stops waiting, in milliseconds since the epoch; `Infinity` if it does not. */
export function deadlineOf({ request, record }: Pick<RequestDelivery, 'request' | 'record'>): number {
  return request.timeoutMs === undefined ? Number.POSITIVE_INFINITY : record.timestamp + request.timeoutMs;
}

/** One attempt at a request. */
export interface AttemptDelivery extends RequestDelivery {
  /** From 1. */
  readonly attempt: number;
  /** Aborts when the result of this attempt is not wanted any more. */
  readonly cutoff: Cutoff;
}

/** A failure, and where its caller waits for it. */
export interface Failed {
  readonly kind: 'failed';
  readonly error: AsyncCallError;
  /** How often the request was tried. */
  readonly attempts: number;
  /** Whether no other attempt may follow, whatever the error. Default: no. */
  readonly isFinal?: boolean;
  /** Absent where nobody waits. */
  readonly answerTo?: ErrorAnswer;
}

/** What the error frame of a failed request needs. */
export interface ErrorAnswer extends Answerable {
  readonly epoch: number;
  readonly attempt: number;
  /** How many values of this attempt have left. */
  readonly seq: number;
}

/** What it means that a record is done: what became of its request. */
export type SettledAs = 'served' | 'failed' | 'expired' | 'cancelled' | 'duplicate' | 'passedOver';

/** How a delivery ended. */
export type Outcome =
  /** It is done: its offset may be committed. */
  | { readonly kind: 'settled'; readonly as: SettledAs; readonly error?: AsyncCallError }
  /** The partition went before it was done: its next owner runs it again. */
  | { readonly kind: 'abandoned' }
  /** It failed for good; an outer stage makes it a settled one. */
  | Failed;

/** Hears how the delivery of a record to a consumer group has ended. */
export type OnEnded = (end: {
  readonly group: string;
  readonly record: ConsumerRecord;
  readonly outcome: Outcome;
}) => void;

/** One step of the pipeline: it deals with a delivery, mostly by way of the next step. */
export type Handle<D extends Delivery> = (delivery: D) => Promise<Outcome>;

export const SETTLED: { readonly [as in Exclude<SettledAs, 'failed'>]: Outcome } = {
  /** Every response is stored. */
  served: { kind: 'settled', as: 'served' },
  /** The time of its caller was over. */
  expired: { kind: 'settled', as: 'expired' },
  /** Its caller gave it up. */
  cancelled: { kind: 'settled', as: 'cancelled' },
  /** Another record of it is run, or was. */
  duplicate: { kind: 'settled', as: 'duplicate' },
  /** This service has nothing to do with it. */
  passedOver: { kind: 'settled', as: 'passedOver' },
};

/** Its caller was told why, or it was kept for people. */
export function settledAsFailed(error: AsyncCallError): Outcome {
  return { kind: 'settled', as: 'failed', error };
}

export const ABANDONED: Outcome = { kind: 'abandoned' };
