import type { Environment } from '../../environment/environment.js';
import type { TopicDescription } from '../admin.js';
import type { ProducerRecord, TopicPartition } from '../record.js';
import { unknownTopic } from './errors.js';
import { PartitionLog } from './log.js';

/** The one node there is. */
const NODE_ID = 0;

/** The topics of one memory broker. */
export class TopicStore {
  private readonly logs = new Map<string, PartitionLog[]>();
  private readonly watchers = new Map<string, Set<() => void>>();

  constructor(
    private readonly retentionBytes: number,
    private readonly environment: Environment,
  ) {}

  /** Does nothing if there is such a topic. */
  create(topic: string, partitions: number, retentionBytes = this.retentionBytes): void {
    if (this.logs.has(topic)) return;
    this.logs.set(
      topic,
      Array.from({ length: partitions }, () => new PartitionLog(retentionBytes, this.environment)),
    );
  }

  /** Does nothing if there is no such topic. */
  delete(topic: string): void {
    this.logs.delete(topic);
  }

  names(): string[] {
    return [...this.logs.keys()];
  }

  /** How many partitions the topic has; 0 if there is none. */
  partitionCount(topic: string): number {
    return this.logs.get(topic)?.length ?? 0;
  }

  describe(topic: string): TopicDescription {
    const partitions = Array.from({ length: this.partitionCount(topic) }, (_, partition) => ({
      partition,
      leader: NODE_ID,
      replicas: [NODE_ID],
      inSyncReplicas: [NODE_ID],
    }));
    return { topic, partitions };
  }

  /** The partition's log, if it exists. */
  find({ topic, partition }: TopicPartition): PartitionLog | undefined {
    return this.logs.get(topic)?.[partition];
  }

  /** The partition's log; throws `unknown-topic` if it does not exist. */
  get(partition: TopicPartition): PartitionLog {
    const log = this.find(partition);
    if (log === undefined) throw unknownTopic(partition.topic, partition.partition);
    return log;
  }

  /** Appends to a partition that must exist, and tells who watches it. */
  append(record: ProducerRecord): bigint {
    const offset = this.get(record).append(record);
    const watchers = this.watchers.get(keyOf(record));
    if (watchers !== undefined) for (const watcher of watchers) watcher();
    return offset;
  }

  /** Calls after each append to the partition, which may be deleted and created anew meanwhile. */
  watch(partition: TopicPartition, watcher: () => void): () => void {
    const key = keyOf(partition);
    const watchers = this.watchers.get(key) ?? new Set();
    this.watchers.set(key, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.watchers.get(key) === watchers) this.watchers.delete(key);
    };
  }
}

/** A partition as the key of a map. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
