import type { BrokerError } from '../broker-error.js';
import type { Producer, SendResult } from '../producer.js';
import type { ProducerRecord } from '../record.js';
import { closed, tooLarge, unknownTopic } from './errors.js';
import type { MemoryCluster } from './memory-cluster.js';
import { turn } from './schedule.js';
import { recordBytes } from './stored-record.js';
import { keyOf } from './topic-store.js';

/** Writes to the memory broker. */
export class MemoryProducer implements Producer {
  private isClosed = false;
  private readonly sending = new Set<Promise<void>>();

  constructor(private readonly cluster: MemoryCluster) {}

  async connect(): Promise<void> {
    if (this.isClosed) throw closed('producer');
    await turn(this.cluster.schedule);
  }

  async send(records: readonly ProducerRecord[]): Promise<SendResult[]> {
    if (this.isClosed) throw closed('producer');
    const results = this.append(records);
    // A turn later, so that who sends in a loop leaves the consumers their share of the event loop.
    const acknowledged = turn(this.cluster.schedule);
    this.sending.add(acknowledged);
    await acknowledged;
    this.sending.delete(acknowledged);
    return results;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.sending);
  }

  /** Behind a record that is refused, nothing of the call is appended to its partition. */
  private append(records: readonly ProducerRecord[]): SendResult[] {
    const refused = new Map<string, BrokerError>();
    return records.map((record) => {
      const error = (refused.size > 0 && refused.get(keyOf(record))) || this.faultOf(record);
      if (error) {
        refused.set(keyOf(record), error);
        return error;
      }
      const { topic, partition } = record;
      return { topic, partition, offset: this.cluster.topics.append(record) };
    });
  }

  private faultOf(record: ProducerRecord): BrokerError | undefined {
    const { topic, partition } = record;
    const { topics, maxRecordBytes } = this.cluster;
    if (!topics.find(record)) return unknownTopic(topic, partition);
    const bytes = recordBytes(record);
    return bytes > maxRecordBytes ? tooLarge(`the record for ${topic}`, bytes, maxRecordBytes) : undefined;
  }
}
