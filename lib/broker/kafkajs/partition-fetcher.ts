import { messageOf } from '../../errors/async-call-error.js';
import { BrokerError } from '../broker-error.js';
import type { ConsumerActivity, FetchOptions } from '../consumer.js';
import type { TopicPartition, TopicPartitionOffset } from '../record.js';
import { backoffMs, pauseUntil } from './backoff.js';
import type { Cluster } from './cluster.js';
import { errorType, listenerError, readOn, refused, undecodable } from './errors.js';
import { FetchTroubles } from './fetch-troubles.js';
import type { FetcherListener } from './fetcher-listener.js';
import { LeaderSearch } from './leader-search.js';
import { nextExisting } from './offsets.js';
import { keyOf, placeOf } from './partitions.js';
import { isFetchable, type Reading } from './reading.js';
import { Readings } from './readings.js';
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
  private readonly readings = new Readings();
  private readonly fetching = new Set<number>();
  private readonly stopped = new AbortController();
  private readonly maxWaitMs: number;
  private readonly maxBytesPerPartition: number;
  private readonly search: LeaderSearch;
  private readonly troubles = new FetchTroubles((trouble) => this.listener.onTrouble(trouble));
  /** When a leader last answered, in milliseconds since the epoch. */
  private contactAt: number | undefined;
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
      lost: () => (this.isStopped() ? [] : this.readings.withoutLeader()),
      onFound: () => this.wake(),
      onTrouble: (error) => this.reportTrouble(error),
      signal: this.stopped.signal,
    });
  }

  /** Takes partitions on; they can be paused and sought, but nothing is fetched before {@link release}. */
  add(positions: readonly TopicPartitionOffset[], chosen = false): void {
    this.readings.add(positions, chosen);
  }

  /** Starts to read partitions that were added. */
  release(partitions: readonly TopicPartition[]): void {
    const now = performance.now();
    for (const reading of this.readings.of(partitions))
      Object.assign(reading, { held: false, polledAt: now });
    this.wake();
  }

  /** Nothing of these partitions is handed over after this call. */
  remove(partitions: readonly TopicPartition[]): void {
    this.readings.remove(partitions);
    this.reportTrouble();
  }

  /** See `Consumer.pause`. What is on its way stays here until the end of the pause. */
  pause(partitions: readonly TopicPartition[]): void {
    for (const reading of this.readings.of(partitions)) reading.paused = true;
  }

  /** See `Consumer.resume`. */
  resume(partitions: readonly TopicPartition[]): void {
    for (const reading of this.readings.of(partitions)) {
      if (!reading.paused) continue;
      reading.paused = false;
      // Not within this call: the caller may be in the middle of something, even in onBatch.
      queueMicrotask(() => {
        this.handOver(reading);
        this.wake();
      });
    }
    this.wake();
  }

  /** Hands over what `mayHandOver` has held back, if it may now: nothing more is fetched of a partition before. */
  handOverHeld(): void {
    for (const reading of this.readings) this.handOver(reading);
    this.wake();
  }

  /** See `AssignedConsumer.position`. */
  positionOf(partition: TopicPartition): bigint | undefined {
    return this.readings.of([partition])[0]?.position;
  }

  /** See `Consumer.activity`. */
  activity(): ConsumerActivity {
    const inEpoch = Date.now() - performance.now();
    const standstillSince = this.readings.standstillSince();
    return {
      lastPolledAt:
        standstillSince === undefined
          ? undefined
          : Math.max(inEpoch + standstillSince, this.cluster.lastConnectFailureAt),
      lastContactAt: this.contactAt,
    };
  }

  /** See `GroupConsumer.seek`. */
  seek(position: TopicPartitionOffset): void {
    for (const reading of this.readings.of([position])) {
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

  private isStopped(): boolean {
    return this.stopped.signal.aborted;
  }

  /** Sees to it that everything that can be fetched is being fetched. */
  private wake(): void {
    if (this.isStopped()) return;
    const now = performance.now();
    for (const reading of this.readings) {
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
    return this.isStopped() ? [] : this.readings.wantedFrom(leader);
  }

  private async fetchOnce(leader: number, wanted: readonly Reading[]): Promise<void> {
    const asked = wanted.map((reading) => {
      const { topic, partition, position } = reading;
      return { topic, partition, offset: position, reading };
    });
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
    // Not worked out at each look: the two clocks do not tick as one, and a contact would move between two looks.
    this.contactAt = Date.now();
    const answeredAt = performance.now();
    const answered = new Map(answers.map((answer) => [keyOf(answer), answer]));
    for (const { reading, offset } of asked) {
      const answer = answered.get(reading.key);
      reading.polledAt = answeredAt;
      if (answer === undefined || !this.isAt(reading, offset)) continue;
      const decoding = this.take(reading, answer);
      if (decoding) await decoding;
    }
    this.wake();
  }

  /** Whether it is still read, and was not sought elsewhere. */
  private isAt(reading: Reading, offset: bigint): boolean {
    return this.readings.has(reading) && reading.position === offset;
  }

  /** Short where a partition is left out, which would have to wait for the end of this fetch. */
  private waitMs(leader: number, included: number): number {
    const isPartial = included < this.readings.countOf(leader);
    return this.expectsMore || isPartial ? Math.min(SHORT_WAIT_MS, this.maxWaitMs) : this.maxWaitMs;
  }

  /** A promise only where there is something to wait for: most answers for idle partitions are empty. */
  private take(reading: Reading, answer: FetchedPartition): Promise<void> | undefined {
    const type = errorType(answer.errorCode);
    if (type === 'OFFSET_OUT_OF_RANGE') return this.reposition(reading);
    if (type !== undefined) {
      this.failed(reading);
      this.reportTrouble(refused(answer.errorCode, `fetching from ${reading.key}`, readOn(reading.topic)));
      return undefined;
    }
    this.succeeded(reading);
    if (answer.bytes.length > 0) return this.decode(reading, answer);
    // What could not be decoded is still there, unless the partition ends here now.
    if (answer.highWatermark <= reading.position) this.decoded(reading);
    return undefined;
  }

  private async decode(reading: Reading, answer: FetchedPartition): Promise<void> {
    const place = placeOf(reading);
    const { position } = reading;
    const decoded = await readRecordBatches(place, answer.bytes, position, answer.aborted).catch(
      (error: unknown) => undecodable(place, position, error),
    );
    if (!this.isAt(reading, position)) return;
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
    if (fetched === undefined || reading.paused || !this.readings.has(reading) || this.isStopped()) return;
    if (this.listener.mayHandOver?.() === false) return;
    reading.fetched = undefined;
    reading.position = fetched.nextOffset;
    reading.polledAt = performance.now();
    reading.chosen = false;
    try {
      this.listener.onBatch(fetched.batch);
    } catch (error) {
      this.fail(listenerError('onBatch', error));
    }
  }

  /** The broker has no such offset. */
  private async reposition(reading: Reading): Promise<void> {
    const { position } = reading;
    try {
      const next = await nextExisting(this.cluster, reading);
      if (!this.isAt(reading, position)) return;
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
    reading.polledAt = performance.now();
  }

  private succeeded(reading: Reading): void {
    if (reading.failures === 0) return;
    reading.failures = 0;
    this.reportTrouble();
  }

  private reportTrouble(error?: BrokerError): void {
    if (!this.isStopped()) this.troubles.report(this.readings, error);
  }

  private fail(error: BrokerError): void {
    if (this.isStopped()) return;
    this.stop();
    this.listener.onFailure(error);
  }
}
