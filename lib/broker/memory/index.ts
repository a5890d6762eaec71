import { systemEnvironment } from '../../environment/system-environment.js';
import type { Broker } from '../broker.js';
import { invalidArgument } from './errors.js';
import { MemoryBroker } from './memory-broker.js';
import { MemoryCluster } from './memory-cluster.js';

const DEFAULT_RETENTION_BYTES = 64 * 1024 * 1024;
/** Kafka's default for `message.max.bytes`. */
const DEFAULT_MAX_RECORD_BYTES = 1_048_588;

/** How {@link memory} keeps records. */
export interface MemoryOptions {
  /**
   * What the records of one partition may take in memory, roughly, in bytes; above it the oldest are
   * dropped, read or not. A topic's own `retention.bytes` goes first. Default 64 MiB.
   */
  readonly retentionBytes?: number;
  /** The largest record, with its key and headers, in bytes, as Kafka counts it. Default 1,048,588. */
  readonly maxRecordBytes?: number;
}

/**
 * A broker in this process: a log that behaves like Kafka's, for tests and for a first try without Kafka.
 * The value is the broker: components share its topics and groups if they were made from the same one, so
 * services of one process pass the same value. Nothing outlives the process.
 *
 * Records are copied when they are sent; what several consumers receive shares the same Buffers, so
 * leave them as they are. A consumer that is not closed keeps the process alive, as on Kafka.
 *
 * Throws `invalid-argument` if an option is not a positive whole number.
 */
export function memory(options: MemoryOptions = {}): Broker {
  const { retentionBytes = DEFAULT_RETENTION_BYTES, maxRecordBytes = DEFAULT_MAX_RECORD_BYTES } = options;
  checkBytes('retentionBytes', retentionBytes);
  checkBytes('maxRecordBytes', maxRecordBytes);
  return new MemoryBroker(new MemoryCluster(retentionBytes, maxRecordBytes, systemEnvironment));
}

function checkBytes(option: keyof MemoryOptions, bytes: number): void {
  if (Number.isInteger(bytes) && bytes > 0) return;
  throw invalidArgument(`memory: ${option} is ${bytes}: use a positive whole number of bytes`);
}
