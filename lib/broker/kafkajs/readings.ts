import type { TopicPartition, TopicPartitionOffset } from '../record.js';
import { keyOf } from './partitions.js';
import { isFetchable, newReading, type Reading } from './reading.js';

/** The partitions that a fetcher reads. */
export class Readings implements Iterable<Reading> {
  private readonly byKey = new Map<string, Reading>();
  private turn = 0;

  [Symbol.iterator](): Iterator<Reading> {
    return this.byKey.values();
  }

  add(positions: readonly TopicPartitionOffset[], chosen: boolean): void {
    for (const position of positions) {
      const reading = newReading(position, chosen);
      this.byKey.set(reading.key, reading);
    }
  }

  remove(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.byKey.delete(keyOf(partition));
  }

  clear(): void {
    this.byKey.clear();
  }

  /** Those of these partitions that are read. */
  of(partitions: readonly TopicPartition[]): Reading[] {
    return partitions.flatMap((partition) => this.byKey.get(keyOf(partition)) ?? []);
  }

  /** Whether it is still read, and not anew. */
  has(reading: Reading): boolean {
    return this.byKey.get(reading.key) === reading;
  }

  /** What can be fetched from this leader now. Brokers fill an answer in the order asked: everyone comes first in turn. */
  wantedFrom(leader: number): Reading[] {
    const now = performance.now();
    const wanted: Reading[] = [];
    for (const reading of this)
      if (reading.leader === leader && isFetchable(reading, now)) wanted.push(reading);
    const first = wanted.length > 1 ? this.turn++ % wanted.length : 0;
    return first === 0 ? wanted : [...wanted.slice(first), ...wanted.slice(0, first)];
  }

  /** How many are read from this leader, without those that cannot be decoded. */
  countOf(leader: number): number {
    let count = 0;
    for (const reading of this) if (reading.leader === leader && reading.stalls === 0) count += 1;
    return count;
  }

  /** Since when the one stands still that has not got its turn for longest; `undefined` if none is to be fetched. */
  standstillSince(): number | undefined {
    const now = performance.now();
    let since: number | undefined;
    for (const reading of this) {
      if (!isFetchable(reading, now)) continue;
      const { polledAt, notBefore } = reading;
      since = Math.min(since ?? now, Math.max(polledAt, notBefore));
    }
    return since;
  }

  /** Those whose leader has to be looked up. */
  withoutLeader(): Reading[] {
    return [...this].filter(({ leader, held }) => leader === undefined && !held);
  }
}
