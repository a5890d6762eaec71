import type { Producer } from '../producer.js';
import type { ProducerRecord, TopicPartitionOffset } from '../record.js';
import { closed, tooLarge } from './errors.js';
import type { MemoryCluster } from './memory-cluster.js';
import { turn } from './schedule.js';
import { recordBytes } from './stored-record.js';

/** Writes to the memory broker: all records of a call or none. */
export class MemoryProducer implements Producer {
  private isClosed = false;
  private readonly sending = new Set<Promise<void>>();

  constructor(private readonly cluster: MemoryCluster) {}

  async connect(): Promise<void> {
    if (this.isClosed) throw closed('producer');
    await turn(this.cluster.schedule);
  }

  async send(records: readonly ProducerRecord[]): Promise<TopicPartitionOffset[]> {
    if (this.isClosed) throw closed('producer');
    for (const record of records) this.check(record);
    const places = records.map((record) => {
      const { topic, partition } = record;
      return { topic, partition, offset: this.cluster.topics.append(record) };
    });
    // A turn later, so that who sends in a loop leaves the consumers their share of the event loop.
    const acknowledged = turn(this.cluster.schedule);
    this.sending.add(acknowledged);
    await acknowledged;
    this.sending.delete(acknowledged);
    return places;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.sending);
  }

  private check(record: ProducerRecord): void {
    this.cluster.topics.get(record);
    const bytes = recordBytes(record);
    const { maxRecordBytes } = this.cluster;
    if (bytes > maxRecordBytes) throw tooLarge(`the record for ${record.topic}`, bytes, maxRecordBytes);
  }
}
