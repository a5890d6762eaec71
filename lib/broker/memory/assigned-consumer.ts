import type { AssignedConsumer, AssignedConsumerOptions, PartitionStart } from '../consumer.js';
import type { TopicPartition, TopicPartitionOffset } from '../record.js';
import { closed } from './errors.js';
import type { MemoryCluster } from './memory-cluster.js';
import { MemoryConsumer } from './memory-consumer.js';
import { turn } from './schedule.js';

/** A consumer without a group, on the memory broker. */
export class MemoryAssignedConsumer extends MemoryConsumer implements AssignedConsumer {
  private isClosed = false;

  constructor(cluster: MemoryCluster, options: AssignedConsumerOptions) {
    super(cluster, options.listener, options);
  }

  async assign(partitions: readonly PartitionStart[]): Promise<TopicPartitionOffset[]> {
    this.throwIfClosed();
    this.enter('starting');
    await turn(this.cluster.schedule);
    this.throwIfClosed();
    // All of them or none: an unknown topic leaves what is read as it is.
    const places = partitions.map(({ topic, partition, start }) => ({
      topic,
      partition,
      offset: this.cluster.topics.get({ topic, partition }).offsetAt(start),
    }));
    this.reader.clear();
    for (const place of places) {
      this.reader.hold(place);
      this.reader.release(place);
    }
    this.enter('running');
    return places;
  }

  position(partition: TopicPartition): bigint | undefined {
    return this.reader.positionOf(partition);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.enter('closed');
    await turn(this.cluster.schedule);
  }

  private throwIfClosed(): void {
    if (this.isClosed) throw closed('consumer');
  }
}
