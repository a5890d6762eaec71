import type { Broker } from '../../../lib/broker/broker.js';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { GroupConsumer, GroupConsumerListener, OffsetCommit } from '../../../lib/broker/consumer.js';
import type { ConsumerRecord, TopicPartition } from '../../../lib/broker/record.js';

/** What a group has stored for a partition. */
export interface Stored {
  readonly offset: bigint;
  readonly metadata: string;
}

interface Owned {
  /** The next record to hand over. */
  position: number;
  /** Being given back: nothing more is handed over, commits are still taken. */
  revoking: boolean;
}

/** A group with one member, whose partitions come, go and are read as a test says. */
export class ScriptedGroup {
  readonly committed = new Map<number, Stored>();
  readonly paused = new Set<number>();
  private readonly owned = new Map<number, Owned>();
  private listener!: GroupConsumerListener;
  private epoch = 0;

  /** `logs` are the keys of each partition's records; `onCommit` hears of every commit that is taken. */
  constructor(
    private readonly logs: readonly (readonly (string | null)[])[],
    private readonly onCommit: (partition: number, stored: Stored) => void,
  ) {}

  /** As much of a broker as a member of the group needs. */
  get broker(): Broker {
    const consumer: GroupConsumer = {
      start: () => Promise.resolve(),
      activity: () => ({ lastPolledAt: undefined, lastContactAt: undefined, joins: 0 }),
      assignment: () => [...this.owned.keys()].map(placeOf),
      commit: (offsets) => this.commit(offsets),
      pause: (places) => places.forEach(({ partition }) => this.paused.add(partition)),
      resume: (places) => places.forEach(({ partition }) => this.paused.delete(partition)),
      seek: () => undefined,
      subscribe: () => undefined,
      close: () => this.revoke([...this.owned.keys()]),
    };
    const broker: Pick<Broker, 'createGroupConsumer'> = {
      createGroupConsumer: (_, { listener }) => {
        this.listener = listener;
        return consumer;
      },
    };
    return broker as Broker;
  }

  owns(partition: number): boolean {
    return this.owned.has(partition);
  }

  /** Where the partition's owner starts, by what was committed. */
  assign(partition: number): void {
    if (this.owns(partition)) return;
    const { offset, metadata } = this.committed.get(partition) ?? { offset: 0n, metadata: '' };
    this.epoch += 1;
    this.paused.delete(partition);
    this.owned.set(partition, { position: Number(offset), revoking: false });
    void this.listener.onAssigned?.([{ ...placeOf(partition), offset, metadata, epoch: this.epoch }]);
  }

  /** Hands the next records of a partition over; none if it is paused, given back or read to its end. */
  deliver(partition: number, count: number): void {
    const owned = this.owned.get(partition);
    if (!owned || owned.revoking || this.paused.has(partition)) return;
    const records = this.records(partition).slice(owned.position, owned.position + count);
    if (records.length === 0) return;
    owned.position += records.length;
    this.listener.onBatch({
      ...placeOf(partition),
      records,
      highWatermark: BigInt(this.logs[partition].length),
    });
  }

  /** Takes partitions back in order; resolves when another member could own them. */
  async revoke(partitions: readonly number[]): Promise<void> {
    const given = partitions.filter((partition) => this.owned.get(partition)?.revoking === false);
    for (const partition of given) this.owned.get(partition)!.revoking = true;
    if (given.length === 0) return;
    await this.listener.onRevoked?.(given.map(placeOf));
    for (const partition of given) this.owned.delete(partition);
  }

  /** The partition is another member's already. */
  lose(partition: number): void {
    if (this.owned.get(partition)?.revoking !== false) return;
    this.owned.delete(partition);
    this.listener.onLost?.([placeOf(partition)]);
  }

  private async commit(offsets: readonly OffsetCommit[]): Promise<void> {
    if (offsets.some(({ partition }) => !this.owns(partition)))
      throw new BrokerError('fenced', 'not the owner', { fenced: true });
    for (const { partition, offset, metadata = '' } of offsets) {
      this.committed.set(partition, { offset, metadata });
      this.onCommit(partition, { offset, metadata });
    }
  }

  private records(partition: number): ConsumerRecord[] {
    return this.logs[partition].map((key, offset) => ({
      ...placeOf(partition),
      offset: BigInt(offset),
      key: key === null ? null : Buffer.from(key),
      value: null,
      headers: [],
      timestamp: 0,
    }));
  }
}

function placeOf(partition: number): TopicPartition {
  return { topic: 't', partition };
}
