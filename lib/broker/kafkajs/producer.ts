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
  private readonly underWay = new Set<Promise<unknown>>();
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
    const sent = this.deliver(records);
    this.underWay.add(sent);
    void sent.then(() => this.underWay.delete(sent));
    return sent;
  }

  close(): Promise<void> {
    this.closed ??= this.finish();
    return this.closed;
  }

  private async finish(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.underWay);
    this.cluster.close();
  }

  private async deliver(records: readonly ProducerRecord[]): Promise<SendResult[]> {
    const results: SendResult[] = [];
    const shares = splitByPartition(records, results);
    for (const share of shares) this.sender.add(share);
    await Promise.all(shares.map(({ ended }) => ended));
    return results;
  }
}
