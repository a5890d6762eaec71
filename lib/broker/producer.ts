import type { ProducerRecord, TopicPartitionOffset } from './record.js';

/** Writes records. Made by {@link Broker.createProducer}. */
export interface Producer {
  /**
   * Resolves once records can be sent. While the broker cannot be reached it keeps trying, until
   * the producer is closed; any other failure rejects.
   */
  connect(): Promise<void>;

  /**
   * Appends the records to their partitions and resolves, with the place of each in the order given,
   * once all in-sync replicas have them (`acks=all`). Records for one partition keep their order
   * within one call; two calls under way at once for one partition may change places.
   *
   * Rejects with a {@link BrokerError} if any of them could not be written: `payload-too-large`,
   * `unknown-topic`, `authorization-failed`, or `unavailable` after the driver's own retries. Others
   * of the same call may have been written then.
   */
  send(records: readonly ProducerRecord[]): Promise<TopicPartitionOffset[]>;

  /** Waits for the sends under way, then releases the connection. */
  close(): Promise<void>;
}
