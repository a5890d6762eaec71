import type { BrokerError } from '../broker-error.js';
import type {
  Consumer,
  ConsumerActivity,
  ConsumerListener,
  ConsumerState,
  FetchOptions,
} from '../consumer.js';
import type { TopicPartition } from '../record.js';
import type { MemoryCluster } from './memory-cluster.js';
import { PartitionReader } from './partition-reader.js';

const DEFAULT_MAX_BYTES = 1024 * 1024;

/** What both kinds of consumer share: a reader, a state, and a process that stays alive meanwhile. */
export abstract class MemoryConsumer implements Consumer {
  protected readonly reader: PartitionReader;
  /** `undefined` until it is used. */
  protected state: ConsumerState | undefined;
  private releaseProcess: (() => void) | undefined;

  constructor(
    protected readonly cluster: MemoryCluster,
    private readonly stateListener: ConsumerListener,
    { maxBytesPerPartition = DEFAULT_MAX_BYTES }: FetchOptions,
  ) {
    this.reader = new PartitionReader(cluster, maxBytesPerPartition, (batch) => stateListener.onBatch(batch));
  }

  activity(): ConsumerActivity {
    const isOpen = this.state !== undefined && this.state !== 'failed' && this.state !== 'closed';
    // The broker is this process: whoever can ask has reached it.
    const lastContactAt = isOpen ? this.cluster.environment.now() : undefined;
    return { lastPolledAt: this.reader.standstillSince, lastContactAt };
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.reader.pause(partition);
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.reader.resume(partition);
  }

  protected enter(state: ConsumerState, error?: BrokerError): void {
    if (this.state === state) return;
    this.state = state;
    if (state === 'failed' || state === 'closed') this.letProcessGo();
    else this.releaseProcess ??= this.cluster.environment.keepAlive();
    this.stateListener.onState?.(state, error);
  }

  private letProcessGo(): void {
    this.reader.clear();
    this.releaseProcess?.();
    this.releaseProcess = undefined;
  }
}
