import type { CommittedOffset } from '../admin.js';
import type { AssignedPartition, GroupStart, OffsetCommit } from '../consumer.js';
import type { TopicPartition } from '../record.js';
import { tooLarge } from './errors.js';
import type { PartitionLog } from './log.js';
import { keyOf } from './topic-store.js';

/** Kafka's default for `offset.metadata.max.bytes`. */
const MAX_METADATA_BYTES = 4096;

/** What one group has committed. */
export class CommittedOffsets {
  private readonly offsets = new Map<string, { offset: bigint; metadata: string }>();

  get isEmpty(): boolean {
    return this.offsets.size === 0;
  }

  /** Stores all of them or, where metadata is too long, none. */
  store(commits: readonly OffsetCommit[]): void {
    for (const { metadata = '' } of commits) {
      const bytes = Buffer.byteLength(metadata);
      if (bytes > MAX_METADATA_BYTES) throw tooLarge('the metadata of an offset', bytes, MAX_METADATA_BYTES);
    }
    for (const commit of commits) {
      this.offsets.set(keyOf(commit), { offset: commit.offset, metadata: commit.metadata ?? '' });
    }
  }

  of({ topic, partition }: TopicPartition): CommittedOffset {
    const { offset = null, metadata = '' } = this.offsets.get(keyOf({ topic, partition })) ?? {};
    return { topic, partition, offset, metadata };
  }

  /** Where the next owner of the partition starts. */
  startOf(
    { topic, partition }: TopicPartition,
    startFrom: GroupStart,
    log: PartitionLog,
  ): Omit<AssignedPartition, 'epoch'> {
    const committed = this.offsets.get(keyOf({ topic, partition }));
    if (committed !== undefined) {
      return { topic, partition, offset: log.inRange(committed.offset), metadata: committed.metadata };
    }
    const start = { topic, partition, offset: log.offsetAt(startFrom), metadata: '' };
    // Else a record that is sent before the first commit would be skipped after a restart.
    if (startFrom !== 'earliest') this.store([start]);
    return start;
  }

  forget(partition: TopicPartition): void {
    this.offsets.delete(keyOf(partition));
  }
}
