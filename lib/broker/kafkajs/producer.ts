import type { BrokerError } from '../broker-error.js';
import type { Producer } from '../producer.js';
import type { ProducerRecord, TopicPartitionOffset } from '../record.js';
import { Backoff, pause } from './backoff.js';
import type { Cluster } from './cluster.js';
import { closedError, errorType, isHopeless, refused } from './errors.js';
import { groupBy } from './group-by.js';
import { placeOf } from './partitions.js';
import { persist, UNKNOWN_TOPIC_GRACE_MS, UNKNOWN_TOPIC_PAUSE_MS } from './persist.js';
import { type PartitionShare, splitByPartition } from './partition-share.js';
import { produceProtocol } from './wire/produce.js';

/** An outage of this length is ridden out; then `send` rejects as `unavailable`. */
const SEND_TIMEOUT_MS = 30_000;

/** See {@link Producer}. One attempt writes one record batch per partition, to all leaders at once. */
export class KafkajsProducer implements Producer {
  private readonly closing = new AbortController();
  private readonly underWay = new Set<Promise<unknown>>();
  private closed: Promise<void> | undefined;

  constructor(private readonly cluster: Cluster) {}

  async connect(): Promise<void> {
    await persist(() => this.cluster.connect(), { signal: this.closing.signal, what: 'producer' });
  }

  send(records: readonly ProducerRecord[]): Promise<TopicPartitionOffset[]> {
    if (this.closed !== undefined) return Promise.reject(closedError('producer'));
    if (records.length === 0) return Promise.resolve([]);
    const sent = this.deliver(records);
    this.underWay.add(sent);
    const forget = () => this.underWay.delete(sent);
    sent.then(forget, forget);
    return sent;
  }

  close(): Promise<void> {
    this.closed ??= this.finish();
    return this.closed;
  }

  private async finish(): Promise<void> {
    this.closing.abort();
    await Promise.allSettled(this.underWay);
    this.cluster.close();
  }

  private async deliver(records: readonly ProducerRecord[]): Promise<TopicPartitionOffset[]> {
    const shares = splitByPartition(records);
    const started = Date.now();
    const backoff = new Backoff();
    for (let left = shares; ;) {
      await this.attempt(left);
      left = left.filter((share) => !share.isDone() || share.error !== undefined);
      if (left.length === 0) break;
      const failed = left.filter(({ error }) => error !== undefined);
      for (const { error } of failed) if (isFinal(error!, Date.now() - started)) throw error!;
      if (failed.length === 0) continue;
      if (failed.every(({ error }) => error?.code === 'unknown-topic'))
        await pause(UNKNOWN_TOPIC_PAUSE_MS, NEVER);
      else await backoff.pause(NEVER);
      await this.refresh(failed);
    }
    return placesOf(records, shares);
  }

  /** Writes the next batch of each share to its leader; what went wrong is left in the share. */
  private async attempt(shares: readonly PartitionShare[]): Promise<void> {
    const unknown = shares.filter((share) => this.cluster.leaderOf(share) === undefined);
    if (unknown.length > 0) await this.refresh(unknown);
    const byLeader = groupBy(shares, (share) => this.cluster.leaderOf(share));
    await Promise.all(
      [...byLeader].map(async ([leader, ofLeader]) => {
        if (leader !== undefined) await this.write(leader, ofLeader);
      }),
    );
  }

  private async write(leader: number, shares: readonly PartitionShare[]): Promise<void> {
    const batches = shares.map((share) => ({ ...placeOf(share), batch: share.nextBatch() }));
    try {
      const answers = await this.cluster.node(leader).send(produceProtocol(batches, SEND_TIMEOUT_MS));
      for (const { topic, partition, errorCode, baseOffset } of answers) {
        const share = shares.find(
          (candidate) => candidate.topic === topic && candidate.partition === partition,
        );
        if (errorType(errorCode) === undefined) share?.written(baseOffset);
        else share?.failed(refused(errorCode, `sending ${share.describe()}`));
      }
    } catch (error) {
      for (const share of shares) share.failed(error as BrokerError);
    }
  }

  private async refresh(shares: readonly PartitionShare[]): Promise<void> {
    try {
      await this.cluster.refresh([...new Set(shares.map(({ topic }) => topic))]);
      for (const share of shares)
        if (this.cluster.leaderOf(share) === undefined) share.failed(this.cluster.whyNoLeader(share));
    } catch (error) {
      for (const share of shares) share.failed(error as BrokerError);
    }
  }
}

/** Sends under way end by themselves, also during a close. */
const NEVER = new AbortController().signal;

function isFinal(error: BrokerError, elapsedMs: number): boolean {
  if (elapsedMs > SEND_TIMEOUT_MS) return true;
  if (error.code === 'unknown-topic') return elapsedMs > UNKNOWN_TOPIC_GRACE_MS;
  return isHopeless(error);
}

function placesOf(
  records: readonly ProducerRecord[],
  shares: readonly PartitionShare[],
): TopicPartitionOffset[] {
  const offsets: bigint[] = [];
  for (const share of shares) share.indices.forEach((index, at) => (offsets[index] = share.offsets[at]));
  return records.map((record, index) => ({ ...placeOf(record), offset: offsets[index] }));
}
