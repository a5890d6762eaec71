import { messageOf } from '../../errors/async-call-error.js';
import { BrokerError } from '../broker-error.js';
import type { FetchOptions } from '../consumer.js';
import type { TopicPartition, TopicPartitionOffset } from '../record.js';
import { backoffMs, pauseUntil } from './backoff.js';
import type { Cluster } from './cluster.js';
import { errorType, listenerError, refused, undecodable } from './errors.js';
import { FetchTroubles } from './fetch-troubles.js';
import type { FetcherListener } from './fetcher-listener.js';
import { LeaderSearch } from './leader-search.js';
import { nextExisting } from './offsets.js';
import { keyOf, placeOf } from './partitions.js';
import { isFetchable, newReading, type Reading } from './reading.js';
import { type FetchedPartition, fetchProtocol } from './wire/fetch.js';
import { readRecordBatches } from './wire/record-batch-reader.js';

const DEFAULT_MAX_WAIT_MS = 500;
const DEFAULT_MAX_BYTES_PER_PARTITION = 1024 * 1024;
const MAX_BYTES = 10 * 1024 * 1024;
/** While partitions are about to be added or resumed, none waits longer for a fetch to end. */
const SHORT_WAIT_MS = 50;
/** Between two fetches of what cannot be decoded: a repair by people is noticed soon enough. */
const LONGEST_STALL_MS = 5_000;

/**
 * Reads partitions from their leaders, one fetch at a time from each, and hands over what comes. It
 * follows leaders, survives outages, and reads on at the earliest record where its position was deleted.
 */
export class PartitionFetcher {
  private readonly readings = new Map<string, Reading>();
  private readonly fetching = new Set<number>();
  private readonly stopped = new AbortController();
  private readonly maxWaitMs: number;
  private readonly maxBytesPerPartition: number;
  private readonly search: LeaderSearch;
  private readonly troubles = new FetchTroubles((trouble) => this.listener.onTrouble(trouble));
  private turn = 0;
  /** Partitions are about to come: fetches are kept short. */
  expectsMore = false;

  constructor(
    private readonly cluster: Cluster,
    options: FetchOptions,
    private readonly listener: FetcherListener,
  ) {
    this.maxWaitMs = options.maxWaitMs ?? DEFAULT_MAX_WAIT_MS;
    this.maxBytesPerPartition = options.maxBytesPerPartition ?? DEFAULT_MAX_BYTES_PER_PARTITION;
    this.search = new LeaderSearch(cluster, {
      lost: () => this.withoutLeader(),
      onFound: () => this.wake(),
      onTrouble: (error) => this.reportTrouble(error),
      signal: this.stopped.signal,
    });
  }

  /** Takes partitions on; they can be paused and sought, but nothing is fetched before {@link release}. */
  add(positions: readonly TopicPartitionOffset[], chosen = false): void {
    for (const position of positions) this.readings.set(keyOf(position), newReading(position, chosen));
  }

  /** Starts to read partitions that were added. */
  release(partitions: readonly TopicPartition[]): void {
    for (const reading of this.of(partitions)) reading.held = false;
    this.wake();
  }

  /** Nothing of these partitions is handed over after this call. */
  remove(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.readings.delete(keyOf(partition));
    this.reportTrouble();
  }

  /** See `Consumer.pause`. What is on its way stays here until the end of the pause. */
  pause(partitions: readonly TopicPartition[]): void {
    for (const reading of this.of(partitions)) reading.paused = true;
  }

  /** See `Consumer.resume`. */
  resume(partitions: readonly TopicPartition[]): void {
    for (const reading of this.of(partitions)) {
      if (!reading.paused) continue;
      reading.paused = false;
      // Not within this call: the caller may be in the middle of something, even in onBatch.
      queueMicrotask(() => this.handOver(reading));
    }
    this.wake();
  }

  /** Hands over what `mayHandOver` has held back, if it may now: nothing more is fetched of a partition before. */
  handOverHeld(): void {
    for (const reading of this.readings.values()) this.handOver(reading);
  }

  /** See `GroupConsumer.seek`. */
  seek(position: TopicPartitionOffset): void {
    for (const reading of this.of([position])) {
      Object.assign(reading, { position: position.offset, chosen: true, fetched: undefined, notBefore: 0 });
      this.decoded(reading);
    }
    this.wake();
  }

  /** Stops for good, at once. */
  stop(): void {
    this.stopped.abort();
    this.readings.clear();
  }

  private of(partitions: readonly TopicPartition[]): Reading[] {
    return partitions.flatMap((partition) => this.readings.get(keyOf(partition)) ?? []);
  }

  private isStopped(): boolean {
    return this.stopped.signal.aborted;
  }

  /** Sees to it that everything that can be fetched is being fetched. */
  private wake(): void {
    if (this.isStopped()) return;
    const now = performance.now();
    for (const reading of this.readings.values()) {
      reading.leader ??= reading.failures === 0 ? this.cluster.leaderOf(reading) : undefined;
      if (!isFetchable(reading, now)) continue;
      if (reading.leader === undefined) void this.search.run();
      else if (!this.fetching.has(reading.leader)) void this.fetchFrom(reading.leader);
    }
  }

  /** Fetches from one leader for as long as there is something to fetch. */
  private async fetchFrom(leader: number): Promise<void> {
    this.fetching.add(leader);
    try {
      for (let wanted = this.wantedFrom(leader); wanted.length > 0; wanted = this.wantedFrom(leader))
        await this.fetchOnce(leader, wanted);
    } catch (error) {
      const message = `reading of records has a fault: ${messageOf(error)}`;
      this.fail(new BrokerError('internal', message, { cause: error, fatal: true }));
    } finally {
      this.fetching.delete(leader);
    }
    this.wake();
  }

  private wantedFrom(leader: number): Reading[] {
    if (this.isStopped()) return [];
    const now = performance.now();
    const wanted = [...this.readings.values()].filter(
      (reading) => reading.leader === leader && isFetchable(reading, now),
    );
    // Brokers fill an answer in the order asked: everyone comes first in turn.
    const first = this.turn++ % Math.max(wanted.length, 1);
    return [...wanted.slice(first), ...wanted.slice(0, first)];
  }

  private async fetchOnce(leader: number, wanted: readonly Reading[]): Promise<void> {
    const asked = wanted.map((reading) => ({ ...placeOf(reading), offset: reading.position, reading }));
    const protocol = fetchProtocol({
      partitions: asked,
      maxWaitMs: this.waitMs(leader, wanted.length),
      maxBytes: Math.max(MAX_BYTES, this.maxBytesPerPartition),
      maxBytesPerPartition: this.maxBytesPerPartition,
    });
    let answers: FetchedPartition[];
    try {
      answers = await this.cluster.node(leader).send(protocol);
    } catch (error) {
      for (const { reading } of asked) this.failed(reading);
      this.reportTrouble(error as BrokerError);
      return;
    }
    const answered = new Map(answers.map((answer) => [keyOf(answer), answer]));
    for (const { reading, offset } of asked) {
      const answer = answered.get(keyOf(reading));
      const isCurrent = () => this.readings.get(keyOf(reading)) === reading && reading.position === offset;
      if (answer !== undefined && isCurrent()) await this.take(reading, answer, isCurrent);
    }
  }

  /** Short where a partition is left out, which would have to wait for the end of this fetch. */
  private waitMs(leader: number, included: number): number {
    const all = [...this.readings.values()].filter(
      (reading) => reading.leader === leader && reading.stalls === 0,
    ).length;
    return this.expectsMore || included < all ? Math.min(SHORT_WAIT_MS, this.maxWaitMs) : this.maxWaitMs;
  }

  private async take(reading: Reading, answer: FetchedPartition, isCurrent: () => boolean): Promise<void> {
    const type = errorType(answer.errorCode);
    if (type === 'OFFSET_OUT_OF_RANGE') return this.reposition(reading, isCurrent);
    if (type !== undefined) {
      this.failed(reading);
      this.reportTrouble(refused(answer.errorCode, `fetching from ${keyOf(reading)}`));
      return;
    }
    this.succeeded(reading);
    if (answer.bytes.length === 0) {
      // What could not be decoded is still there, unless the partition ends here now.
      if (answer.highWatermark <= reading.position) this.decoded(reading);
      return;
    }
    const place = placeOf(reading);
    const decoded = await readRecordBatches(place, answer.bytes, reading.position, answer.aborted).catch(
      (error: unknown) => undecodable(place, reading.position, error),
    );
    if (!isCurrent()) return;
    if (decoded instanceof BrokerError) return this.stall(reading, decoded);
    this.decoded(reading);
    const { records, nextOffset } = decoded;
    if (records.length === 0) {
      reading.position = nextOffset;
      return;
    }
    // The broker reads the high watermark first: records may have come in between.
    const highWatermark = answer.highWatermark > nextOffset ? answer.highWatermark : nextOffset;
    reading.fetched = { batch: { ...place, records, highWatermark }, nextOffset };
    this.handOver(reading);
  }

  private handOver(reading: Reading): void {
    const { fetched } = reading;
    const isCurrent = this.readings.get(keyOf(reading)) === reading;
    if (fetched === undefined || reading.paused || !isCurrent || this.isStopped()) return;
    if (this.listener.mayHandOver?.() === false) return;
    reading.fetched = undefined;
    reading.position = fetched.nextOffset;
    reading.chosen = false;
    try {
      this.listener.onBatch(fetched.batch);
    } catch (error) {
      this.fail(listenerError('onBatch', error));
      return;
    }
    this.wake();
  }

  /** The broker has no such offset. */
  private async reposition(reading: Reading, isCurrent: () => boolean): Promise<void> {
    try {
      const next = await nextExisting(this.cluster, reading);
      if (!isCurrent()) return;
      if (next === undefined) this.delay(reading, SHORT_WAIT_MS);
      else if (next === reading.position) this.failed(reading);
      else {
        reading.position = next;
        this.decoded(reading);
      }
    } catch (error) {
      this.failed(reading);
      this.reportTrouble(error as BrokerError);
    }
  }

  /**
   * What was fetched cannot be decoded. To pass over it would lose it without a trace, and to end would take the
   * other partitions along, also after a restart: so this partition alone waits, and its owner is told why. That
   * holds for a missing codec, which may be registered at any time, as for a damaged batch, which may have been
   * damaged on its way here, or be repaired at the broker. Who wants to go on without it seeks past it.
   */
  private stall(reading: Reading, error: BrokerError): void {
    this.delay(reading, backoffMs(reading.stalls, LONGEST_STALL_MS));
    reading.stalls += 1;
    this.reportTrouble(error);
  }

  /** What stalled it, if anything did, is gone. */
  private decoded(reading: Reading): void {
    if (reading.stalls === 0) return;
    reading.stalls = 0;
    this.reportTrouble();
  }

  private delay(reading: Reading, ms: number): void {
    reading.notBefore = performance.now() + ms;
    void pauseUntil(reading.notBefore, this.stopped.signal).then(() => this.wake());
  }

  private failed(reading: Reading): void {
    reading.leader = undefined;
    reading.failures += 1;
  }

  private succeeded(reading: Reading): void {
    if (reading.failures === 0) return;
    reading.failures = 0;
    this.reportTrouble();
  }

  private withoutLeader(): Reading[] {
    if (this.isStopped()) return [];
    return [...this.readings.values()].filter(({ leader, held }) => leader === undefined && !held);
  }

  private reportTrouble(error?: BrokerError): void {
    if (!this.isStopped()) this.troubles.report(this.readings.values(), error);
  }

  private fail(error: BrokerError): void {
    if (this.isStopped()) return;
    this.stop();
    this.listener.onFailure(error);
  }
}
