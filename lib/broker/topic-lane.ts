import type { Environment, TimerHandle } from '../environment/environment.js';
import { BrokerError } from './broker-error.js';
import { PartitionLane } from './partition-lane.js';
import type { Producer, SendResult } from './producer.js';
import type { QueuedRecord } from './queued-record.js';

/** How many records leave together, unless there are more partitions. */
const MAX_WAVE_RECORDS = 500;
/** Per partition: below the broker's default limit of 1 MiB for what is one batch there. A topic may have less. */
const MAX_PARTITION_BYTES = 800_000;
/** Longer than a healthy broker takes, shorter than anybody would mind. */
const PATIENCE_MS = 100;

/**
 * What is sent to one topic. The batches of its partitions leave in waves: one at a time, so that what comes
 * meanwhile, for any partition, is one request again. A wave ends when all of it has come back; what is late
 * is set aside, and waited for by nobody until it is in time again.
 */
export class TopicLane {
  private readonly lanes = new Map<number, PartitionLane>();
  /** Those that have something to send and nothing under way. */
  private ready: PartitionLane[] = [];
  /** Those that the next wave waits for. */
  private readonly wave = new Set<PartitionLane>();
  private waveLeftAt = 0;
  private underWay = 0;
  private leaving = false;
  private timer: TimerHandle | undefined;
  private maxPartitionBytes = MAX_PARTITION_BYTES;
  private onIdle: (() => void)[] = [];

  constructor(
    private readonly producer: Producer,
    private readonly environment: Environment,
  ) {}

  /** See {@link BatchingProducer.maxBatchBytes}. */
  get maxBatchBytes(): number {
    return this.maxPartitionBytes;
  }

  push(queued: QueuedRecord): void {
    const lane = this.laneOf(queued.partition);
    lane.push(queued);
    if (lane.busy || lane.length > 1) return;
    this.ready.push(lane);
    if (this.wave.size > 0) this.watchWave();
    else this.leaveAtEndOfTurn();
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    if (this.isIdle()) return;
    await new Promise<void>((resolve) => this.onIdle.push(resolve));
  }

  private isIdle(): boolean {
    return this.underWay === 0 && this.ready.length === 0;
  }

  private laneOf(partition: number): PartitionLane {
    let lane = this.lanes.get(partition);
    if (!lane) this.lanes.set(partition, (lane = new PartitionLane()));
    return lane;
  }

  private leaveAtEndOfTurn(): void {
    if (this.leaving) return;
    this.leaving = true;
    this.environment.setImmediate(() => {
      this.leaving = false;
      if (this.wave.size === 0) this.leave();
    });
  }

  /** Sends what is ready: if that is more than a wave holds, those with little get all, the others equal shares. */
  private leave(): void {
    const ready = this.ready.sort((a, b) => a.length - b.length);
    this.ready = [];
    this.waveLeftAt = this.environment.uptime();
    let room = MAX_WAVE_RECORDS;
    for (const [index, lane] of ready.entries()) {
      const share = Math.max(1, Math.floor(room / (ready.length - index)));
      const batch = lane.take(share, this.maxPartitionBytes);
      room -= batch.length;
      if (batch.length > 0) this.sendBatch(lane, batch);
    }
    if (this.isIdle()) this.tellIdle();
  }

  private sendBatch(lane: PartitionLane, batch: readonly QueuedRecord[]): void {
    const leftAt = this.waveLeftAt;
    lane.busy = true;
    this.underWay += 1;
    if (!lane.late) this.wave.add(lane);
    this.producer.send(batch.map((queued) => queued.seal())).then(
      (results) => {
        this.settle(lane, batch, results);
        this.cameBack(lane, leftAt);
      },
      (error: unknown) => {
        lane.reject(batch, error);
        this.cameBack(lane, leftAt);
      },
    );
  }

  private settle(lane: PartitionLane, batch: readonly QueuedRecord[], results: readonly SendResult[]): void {
    for (const [index, result] of results.entries()) {
      if (!(result instanceof BrokerError)) {
        batch[index].resolve(result);
        continue;
      }
      // What is behind one that failed has failed with it.
      const failed = batch.slice(index);
      const smaller = result.code === 'payload-too-large' ? inSmallerPieces(failed) : [];
      if (smaller.length > 0) this.splitFromNowOn(lane, smaller);
      else lane.reject(failed, result);
      return;
    }
  }

  /** The records are small enough for the default limit, so this topic has a smaller one. */
  private splitFromNowOn(lane: PartitionLane, pieces: readonly QueuedRecord[]): void {
    const bytes = pieces.reduce((sum, queued) => sum + queued.bytes, 0);
    this.maxPartitionBytes = Math.min(this.maxPartitionBytes, Math.ceil(bytes / 2));
    lane.putBack(pieces);
  }

  private cameBack(lane: PartitionLane, leftAt: number): void {
    lane.busy = false;
    lane.late = this.environment.uptime() - leftAt > PATIENCE_MS;
    this.underWay -= 1;
    this.wave.delete(lane);
    if (lane.length > 0) this.ready.push(lane);
    this.goOn();
  }

  private goOn(): void {
    if (this.isIdle()) this.tellIdle();
    else if (this.ready.length === 0) return;
    else if (this.wave.size > 0) this.watchWave();
    else this.leave();
  }

  /** There is a timer only while something waits for a wave, and one for many waves. */
  private watchWave(): void {
    if (this.timer) return;
    const { environment } = this;
    const leftMs = PATIENCE_MS - (environment.uptime() - this.waveLeftAt);
    // An answer that arrived in a busy turn of the event loop is read before it is called late.
    this.timer = environment.setTimeout(() => environment.setImmediate(() => this.checkWave()), leftMs);
  }

  private checkWave(): void {
    this.timer = undefined;
    if (this.wave.size === 0 || this.ready.length === 0) return;
    if (this.environment.uptime() - this.waveLeftAt < PATIENCE_MS) return this.watchWave();
    this.wave.clear();
    this.leave();
  }

  private tellIdle(): void {
    const { onIdle } = this;
    this.onIdle = [];
    for (const tell of onIdle) tell();
  }
}

/** What can be sent one by one, of records that were too large together; empty if nothing can. */
function inSmallerPieces(refused: readonly QueuedRecord[]): readonly QueuedRecord[] {
  return refused.length > 1 ? refused : refused[0].divide();
}
