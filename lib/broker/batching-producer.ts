import type { Environment } from '../environment/environment.js';
import type { Producer } from './producer.js';
import { type QueuedRecord, WholeRecord } from './queued-record.js';
import type { ProducerRecord, TopicPartitionOffset } from './record.js';
import { TopicLane } from './topic-lane.js';

/**
 * Sends single records in batches and in order. Of each partition one batch is under way at a time; what comes
 * meanwhile is the next batch. Batches of a topic's partitions leave together, also without a timer: the first
 * record of an idle topic leaves at the end of the turn of the event loop, with the others of that turn, and
 * what comes then leaves when these have come back.
 *
 * A partition that does not come back within 100 ms is set aside: the others of its topic go on without it.
 */
export class BatchingProducer {
  private readonly lanes = new Map<string, TopicLane>();

  constructor(
    private readonly producer: Producer,
    private readonly environment: Environment,
  ) {}

  /** See {@link Producer.connect}. */
  connect(): Promise<void> {
    return this.producer.connect();
  }

  /**
   * Resolves with the record's place once all in-sync replicas have it. Records for one partition are
   * appended in the order of the calls. Rejects with the error that {@link Producer.send} yields for the
   * record; records of other partitions are not touched by it.
   *
   * Records that share a `stream` (any object, one partition) never leave a gap: after one was rejected, those
   * behind it are not sent but rejected too.
   */
  send(record: ProducerRecord, stream?: object): Promise<TopicPartitionOffset> {
    return new Promise((resolve, reject) => {
      this.enqueue(record.topic, new WholeRecord(record, stream, resolve, reject));
    });
  }

  /** The same for a record that may grow until its batch leaves. */
  enqueue(topic: string, record: QueuedRecord): void {
    this.laneOf(topic).push(record);
  }

  /** How many bytes the records of one batch have together; as far as is known the topic takes so large a record, too. */
  maxBatchBytes(topic: string): number {
    return this.laneOf(topic).maxBatchBytes;
  }

  /** Sends what is waiting, then closes the producer. */
  async close(): Promise<void> {
    await Promise.all([...this.lanes.values()].map((lane) => lane.idle()));
    await this.producer.close();
  }

  private laneOf(topic: string): TopicLane {
    let lane = this.lanes.get(topic);
    if (!lane) {
      lane = new TopicLane(this.producer, this.environment);
      this.lanes.set(topic, lane);
    }
    return lane;
  }
}
