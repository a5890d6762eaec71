import type { AssignedPartition } from '../broker/consumer.js';
import type { RecordBatch, TopicPartition } from '../broker/record.js';
import { Arrivals } from '../delivery/arrivals.js';
import { decodeCompleted, encodeCompleted, MAX_REMEMBERED_SPAN } from '../delivery/completed-offsets.js';
import { Cutoff } from '../delivery/cutoff.js';
import type { DeliveryOwner } from '../delivery/delivery.js';
import { InFlightRequests } from '../delivery/in-flight-requests.js';
import { OffsetTracker } from '../delivery/offset-tracker.js';
import { pause } from '../delivery/pause.js';
import type { Environment } from '../environment/environment.js';
import type { Intake } from './intake.js';
import type { PartitionHealth } from './server-health.js';

/** Tells partitions apart; no other begins with it. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}[${partition}]`;
}

/** The work of one partition, from the moment it was assigned until it is revoked or lost. */
export class OwnedPartition implements DeliveryOwner {
  readonly topic: string;
  readonly partition: number;
  /** See {@link keyOf}. */
  readonly key: string;
  readonly epoch: number;
  readonly tracker: OffsetTracker;
  readonly requests = new InFlightRequests();
  readonly closing = new Cutoff();
  readonly gone = new Cutoff();
  /** Whether nothing is taken from it for now. */
  paused = false;
  private isHeldBack = false;
  /** How many records are being run. */
  private running = 0;
  /** Aborts when a drain has nothing to wait for any more. */
  private readonly drained = new Cutoff();
  private changed = false;
  private readonly arrivals = new Arrivals();
  /** The offset behind the last record of the partition, when a batch was last fetched. */
  private highWatermark: bigint | undefined;

  /** Begins where the assignment says, with what its last owner has left in the metadata of its commit. */
  constructor(
    { topic, partition, offset, metadata, epoch }: AssignedPartition,
    readonly intake: Intake,
    private readonly environment: Environment,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.key = keyOf({ topic, partition });
    this.epoch = epoch;
    this.tracker = new OffsetTracker(offset, decodeCompleted(offset, metadata));
  }

  /** Whether it may not go further ahead of its oldest request than a commit can tell the next owner. */
  get heldBack(): boolean {
    return this.isHeldBack;
  }

  /** Looks whether it is held back now; true when that has just begun. It ends at half of the limit. */
  isHeldBackNow(): boolean {
    const { pending } = this.tracker;
    const before = this.isHeldBack;
    if (pending >= MAX_REMEMBERED_SPAN) this.isHeldBack = true;
    else if (pending <= MAX_REMEMBERED_SPAN / 2) this.isHeldBack = false;
    return this.isHeldBack && !before;
  }

  /** A batch was taken over. */
  took({ records: [first], highWatermark }: RecordBatch): void {
    this.highWatermark = highWatermark;
    const { oldest } = this.tracker;
    if (oldest !== undefined) this.arrivals.add(first.offset, this.environment.now(), oldest);
  }

  /** What is known of it. */
  get health(): PartitionHealth {
    const { topic, partition, tracker, highWatermark } = this;
    const { position: offset, oldest, pending, completedCount } = tracker;
    return {
      topic,
      partition,
      offset,
      unsettledSince: oldest === undefined ? undefined : this.arrivals.timeOf(oldest),
      inFlight: pending - completedCount,
      holdsBack: completedCount > 0,
      isHeldBack: this.isHeldBack,
      isPaused: this.paused,
      isLeaving: this.closing.aborted,
      lag: highWatermark === undefined ? undefined : Math.max(0, Number(highWatermark - offset)),
    };
  }

  /** Begins to run a record. False if the partition is on its way out: then its next owner does. */
  begin(): boolean {
    if (this.closing.aborted) return false;
    this.running += 1;
    return true;
  }

  /** A record that was begun is not run any more. */
  end(): void {
    this.running -= 1;
    this.tellIfDrained();
  }

  /** Notes that a record is done. After an abort it counts no more: the record may run elsewhere. */
  settle(offset: bigint): void {
    if (this.gone.aborted) return;
    this.tracker.settle(offset);
    this.changed = true;
  }

  /**
   * What to commit, if something was done since it was last taken: up to where the partition is done, and as metadata
   * what is done behind that.
   */
  takeUncommitted(): { offset: bigint; metadata: string } | undefined {
    const { position, completed } = this.tracker;
    if (!this.changed) return undefined;
    this.changed = false;
    return { offset: position, metadata: encodeCompleted(position, completed) };
  }

  /** What was taken could not be committed: it is to be taken again. */
  notCommitted(): void {
    this.changed = true;
  }

  /** Starts nothing more, and waits for what runs, but not longer than this. Resolves with how many run even then. */
  async drain(timeoutMs: number): Promise<number> {
    this.closing.abort();
    this.tellIfDrained();
    await pause(this.environment, timeoutMs, this.drained);
    return this.running;
  }

  /** Tells what still runs that its result is not wanted any more. */
  abort(): void {
    // What waits for others only, and goes on at `closing`, is to know that it must not.
    this.gone.abort();
    this.closing.abort();
  }

  private tellIfDrained(): void {
    if (this.running === 0 && this.closing.aborted) this.drained.abort();
  }
}
