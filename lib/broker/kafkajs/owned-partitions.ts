import type { AssignedPartition } from '../consumer.js';
import type { TopicPartition } from '../record.js';
import { keyOf, placeOf } from './partitions.js';

/** What owning the partitions of a group means to those who work with them. */
export interface OwnershipListener {
  /** Where the partitions start; tries until it is known, or rejects when the signal is aborted. */
  locate(partitions: readonly TopicPartition[], urgent: AbortSignal): Promise<AssignedPartition[]>;
  /** They may be paused and sought from now on. */
  onPositioned(positions: readonly AssignedPartition[]): void;
  onAssigned(positions: readonly AssignedPartition[]): Promise<void>;
  /** They may be read from now on. */
  onReady(partitions: readonly TopicPartition[]): void;
  /** They may not be read from now on. */
  onGone(partitions: readonly TopicPartition[]): void;
  onRevoked(partitions: readonly TopicPartition[]): Promise<void>;
  onLost(partitions: readonly TopicPartition[]): void;
}

interface Owned {
  readonly place: TopicPartition;
  /** The owner was told of it. */
  isAnnounced: boolean;
}

/**
 * The partitions that a member owns. Each that was announced by `onAssigned` ends once, in `onRevoked`
 * or `onLost`; those that stay are not touched.
 */
export class OwnedPartitions {
  private readonly owned = new Map<string, Owned>();
  private readonly revoking = new Map<string, Owned>();

  constructor(private readonly listener: OwnershipListener) {}

  list(): TopicPartition[] {
    return [...this.owned.values()].map(({ place }) => place);
  }

  /**
   * The time for which the partition is owned, as a value that no other time has; `undefined` if it is not. While it
   * lasts offsets may be committed: also while the partition is being given up.
   */
  tenureOf(partition: TopicPartition): object | undefined {
    return this.owned.get(keyOf(partition)) ?? this.revoking.get(keyOf(partition));
  }

  /** Gives up what is not assigned, takes on what is new; true if something was given up. */
  async reconcile(assigned: readonly TopicPartition[], urgent: AbortSignal): Promise<boolean> {
    const wanted = new Set(assigned.map(keyOf));
    const superfluous = this.list().filter((place) => !wanted.has(keyOf(place)));
    const added = assigned.filter((place) => this.owned.get(keyOf(place))?.isAnnounced !== true);
    await Promise.all([this.revoke(superfluous), this.takeOn(added.map(placeOf), urgent)]);
    return superfluous.length > 0;
  }

  /** Gives everything up. */
  revokeAll(): Promise<void> {
    return this.revoke(this.list());
  }

  /** Everything is another member's already. */
  lose(): void {
    const lost = this.announced(this.list());
    this.forget(this.list());
    if (lost.length > 0) this.listener.onLost(lost);
  }

  private async takeOn(places: readonly TopicPartition[], urgent: AbortSignal): Promise<void> {
    if (places.length === 0) return;
    const entries = new Map(places.map((place) => [keyOf(place), { place, isAnnounced: false }]));
    for (const [key, entry] of entries) this.owned.set(key, entry);
    // A partition may be lost, and even assigned anew, at any time.
    const isOurs = (place: TopicPartition) => this.owned.get(keyOf(place)) === entries.get(keyOf(place));
    const located = await this.listener.locate(places, urgent).catch(() => undefined);
    if (located === undefined || urgent.aborted) return;
    const positions = located.filter(isOurs);
    if (positions.length === 0) return;
    for (const position of positions) entries.get(keyOf(position))!.isAnnounced = true;
    this.listener.onPositioned(positions);
    await this.listener.onAssigned(positions);
    this.listener.onReady(positions.filter(isOurs).map(placeOf));
  }

  private async revoke(places: readonly TopicPartition[]): Promise<void> {
    const announced = this.announced(places);
    for (const place of announced) this.revoking.set(keyOf(place), this.owned.get(keyOf(place))!);
    this.forget(places);
    if (announced.length === 0) return;
    await this.listener.onRevoked(announced);
    for (const place of announced) this.revoking.delete(keyOf(place));
  }

  private announced(places: readonly TopicPartition[]): TopicPartition[] {
    return places.filter((place) => this.owned.get(keyOf(place))?.isAnnounced);
  }

  private forget(places: readonly TopicPartition[]): void {
    for (const place of places) this.owned.delete(keyOf(place));
    this.listener.onGone(places);
  }
}
