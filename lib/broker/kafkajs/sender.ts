import type { BrokerError } from '../broker-error.js';
import { backoffMs, pause } from './backoff.js';
import type { Cluster } from './cluster.js';
import { errorType, isHopeless, refused } from './errors.js';
import { groupBy } from './group-by.js';
import { PartitionQueue } from './partition-queue.js';
import { PartitionSequence } from './partition-sequence.js';
import type { PartitionShare } from './partition-share.js';
import { keyOf } from './partitions.js';
import { UNKNOWN_TOPIC_GRACE_MS, UNKNOWN_TOPIC_PAUSE_MS } from './persist.js';
import type { ProducerIds } from './producer-ids.js';
import { type EncodedBatch, type ProducedBatch, produceProtocol } from './wire/produce.js';

/** An outage of this length is ridden out; then records fail as `unavailable`. */
const SEND_TIMEOUT_MS = 30_000;
/** A larger batch has a request of its own: a broker hangs up on a request that is too large, and loses all of it. */
const MAX_SHARED_BATCH_BYTES = 1_048_576;

/** Sends under way end by themselves, also during a close. */
const NEVER = new AbortController().signal;

/**
 * Writes what waits for each partition to its leader: one batch of a partition at a time, those that are ready
 * together in one request for each leader. A partition that fails is tried again by itself.
 */
export class Sender {
  private readonly queues = new Map<string, PartitionQueue>();
  private ready: PartitionQueue[] = [];

  /** Without producer ids, a batch whose acknowledgement was lost is stored again. */
  constructor(
    private readonly cluster: Cluster,
    private readonly ids: ProducerIds | undefined,
  ) {}

  /** Sends the share behind those of its partition that were added before. */
  add(share: PartitionShare): void {
    const queue = this.queueOf(share);
    if (queue.add(share)) this.enqueue(queue);
  }

  private queueOf(share: PartitionShare): PartitionQueue {
    const key = keyOf(share);
    let queue = this.queues.get(key);
    if (queue === undefined) {
      queue = new PartitionQueue(share, this.ids && new PartitionSequence(this.ids));
      this.queues.set(key, queue);
    }
    return queue;
  }

  private enqueue(queue: PartitionQueue): void {
    // Whatever is added in the same turn goes into the same requests.
    if (this.ready.push(queue) === 1) queueMicrotask(() => this.flush());
  }

  private flush(): void {
    const { ready } = this;
    this.ready = [];
    const byLeader = groupBy(ready, (queue) => (queue.isReady() ? this.cluster.leaderOf(queue) : undefined));
    for (const [leader, queues] of byLeader) {
      if (leader === undefined) void this.prepare(queues);
      else this.writeAll(leader, queues);
    }
  }

  private writeAll(leader: number, queues: readonly PartitionQueue[]): void {
    const shared: PartitionQueue[] = [];
    for (const queue of queues) {
      const size = queue.batch()?.length;
      if (size === undefined) this.goOn(queue);
      else if (size > MAX_SHARED_BATCH_BYTES) void this.write(leader, [queue]);
      else shared.push(queue);
    }
    if (shared.length > 0) void this.write(leader, shared);
  }

  private async write(leader: number, queues: readonly PartitionQueue[]): Promise<void> {
    const batches = queues.map((queue): EncodedBatch => {
      const { topic, partition } = queue;
      return { topic, partition, batch: queue.batch()! };
    });
    try {
      const answers = await this.cluster.node(leader).send(produceProtocol(batches, SEND_TIMEOUT_MS));
      const byPartition = new Map(answers.map((answer) => [keyOf(answer), answer]));
      for (const queue of queues) take(byPartition.get(keyOf(queue)), queue);
    } catch (error) {
      for (const queue of queues) queue.failed(error as BrokerError);
    }
    this.afterAttempt(queues);
  }

  private afterAttempt(queues: readonly PartitionQueue[]): void {
    for (const queue of queues) {
      const { error } = queue;
      if (error && isFinal(error, queue.ageMs)) queue.giveUp(error);
      if (!queue.error) this.goOn(queue);
    }
    const failed = queues.filter(({ error }) => error !== undefined);
    for (const alike of groupBy(failed, ({ error }) => error!.code).values()) void this.tryAgain(alike);
  }

  private goOn(queue: PartitionQueue): void {
    if (!queue.isEmpty()) this.enqueue(queue);
  }

  private async tryAgain(queues: readonly PartitionQueue[]): Promise<void> {
    const [{ error, failures }] = queues;
    const isUnknown = error?.code === 'unknown-topic';
    await pause(isUnknown ? UNKNOWN_TOPIC_PAUSE_MS : backoffMs(failures - 1), NEVER);
    await this.prepare(queues);
  }

  /** Finds out what is missing: the leader, as it is now, and the producer id. */
  private async prepare(queues: readonly PartitionQueue[]): Promise<void> {
    try {
      await this.ids?.obtain();
      await this.cluster.refresh([...new Set(queues.map(({ topic }) => topic))]);
    } catch (error) {
      for (const queue of queues) queue.failed(error as BrokerError);
      return this.afterAttempt(queues);
    }
    const [led, leaderless] = [true, false].map((has) =>
      queues.filter((queue) => (this.cluster.leaderOf(queue) !== undefined) === has),
    );
    for (const queue of led) this.enqueue(queue);
    for (const queue of leaderless) queue.failed(this.cluster.whyNoLeader(queue));
    this.afterAttempt(leaderless);
  }
}

/** What the leader's answer means for the batch. */
function take(answer: ProducedBatch | undefined, queue: PartitionQueue): void {
  const { errorCode = -1, baseOffset = -1n, logStartOffset = -1n } = answer ?? {};
  const type = errorType(errorCode);
  // A duplicate: an earlier attempt was stored, and only its acknowledgement was lost.
  if (type === undefined || type === 'DUPLICATE_SEQUENCE_NUMBER') return queue.written(baseOffset);
  const error = refused(errorCode, `sending ${queue.describe()}`, {
    topic: `Write on Topic ${queue.topic}`,
    cluster: 'IdempotentWrite on the Cluster',
  });
  if (type === 'INVALID_PRODUCER_EPOCH') {
    queue.giveUp(error);
    return queue.renounceProducerId();
  }
  // Without the log's start, the partition has just moved, and this is not its leader's word.
  const isBehind =
    type === 'OUT_OF_ORDER_SEQUENCE_NUMBER' || (type === 'UNKNOWN_PRODUCER_ID' && logStartOffset >= 0n);
  if (isBehind) queue.restartSequence();
  queue.failed(error);
}

function isFinal(error: BrokerError, elapsedMs: number): boolean {
  if (elapsedMs > SEND_TIMEOUT_MS) return true;
  if (error.code === 'unknown-topic') return elapsedMs > UNKNOWN_TOPIC_GRACE_MS;
  return isHopeless(error);
}
