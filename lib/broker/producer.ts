import type { BrokerError } from './broker-error.js';
import type { ProducerRecord, TopicPartitionOffset } from './record.js';

/**
 * How the sending of one record ended: where the record is stored, or why it was not. The offset is -1 if
 * the broker says that it has the record already, but not where.
 */
export type SendResult = TopicPartitionOffset | BrokerError;

/** Writes records. Made by {@link Broker.createProducer}. */
export interface Producer {
  /**
   * Resolves once records can be sent. While the broker cannot be reached it keeps trying, until
   * the producer is closed; any other failure rejects.
   */
  connect(): Promise<void>;

  /**
   * Appends the records to their partitions. Resolves when each has ended, with the result of each in the order
   * given: its place, once all in-sync replicas have it (`acks=all`), or a {@link BrokerError}:
   * `payload-too-large`, `unknown-topic`, `authorization-failed`, or `unavailable` after the driver's own
   * retries; the record may have been stored all the same then. Rejects with `closed` only.
   *
   * Records of one partition keep their order, within a call and from call to call. Behind one that failed,
   * those of the same call and partition fail with the same error: they can be sent again in order.
   *
   * No partition's trouble touches the records of another, but a call ends with its slowest: make a call for
   * each partition to have each result when it is there. Calls of one turn of the event loop travel together.
   */
  send(records: readonly ProducerRecord[]): Promise<SendResult[]>;

  /** Waits for the sends under way, then releases the connection. */
  close(): Promise<void>;
}
