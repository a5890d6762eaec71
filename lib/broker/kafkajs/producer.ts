import type { Producer, SendResult } from '../producer.js';
import type { ProducerRecord } from '../record.js';
import type { Cluster } from './cluster.js';
import { closedError } from './errors.js';
import { splitByPartition } from './partition-share.js';
import { persist } from './persist.js';
import { ProducerIds } from './producer-ids.js';
import { Sender } from './sender.js';

/** See {@link Producer}. */
export class KafkajsProducer implements Producer {
  private readonly closing = new AbortController();
  private underWay = 0;
  private onIdle: (() => void) | undefined;
  private readonly ids: ProducerIds | undefined;
  private readonly sender: Sender;
  private closed: Promise<void> | undefined;

  /** An `idempotent` producer stores a batch once, however often it has to be sent. */
  constructor(
    private readonly cluster: Cluster,
    { idempotent }: { readonly idempotent: boolean },
  ) {
    this.ids = idempotent ? new ProducerIds(cluster) : undefined;
    this.sender = new Sender(cluster, this.ids);
  }

  async connect(): Promise<void> {
    const { signal } = this.closing;
    await persist(() => this.cluster.connect(), { signal, what: 'producer' });
    await persist(async () => this.ids?.obtain(), { signal, what: 'producer' });
  }

  send(records: readonly ProducerRecord[]): Promise<SendResult[]> {
    if (this.closed !== undefined) return Promise.reject(closedError('producer'));
    if (records.length === 0) return Promise.resolve([]);
    this.underWay += 1;
    // One promise for all of it: there is a call for each partition of a wave.
    return new Promise((resolve) => {
      const shares = splitByPartition(records, (results) => {
        resolve(results);
        this.ended();
      });
      for (const share of shares) this.sender.add(share);
    });
  }

  close(): Promise<void> {
    this.closed ??= this.finish();
    return this.closed;
  }

  private async finish(): Promise<void> {
    this.closing.abort();
    if (this.underWay > 0) await new Promise<void>((resolve) => (this.onIdle = resolve));
    this.cluster.close();
  }

  private ended(): void {
    this.underWay -= 1;
    if (this.underWay === 0) this.onIdle?.();
  }
}
