import { BrokerError } from '../broker-error.js';
import type { Cluster } from './cluster.js';
import { refused } from './errors.js';
import { initProducerIdProtocol } from './wire/init-producer-id.js';

/** The id by which brokers know a producer again, and with it the batches that they have stored already. */
export class ProducerIds {
  private known: bigint | undefined;
  private asking: Promise<void> | undefined;

  constructor(private readonly cluster: Cluster) {}

  /** The id; `undefined` before {@link obtain}. */
  get current(): bigint | undefined {
    return this.known;
  }

  /** Resolves when there is an id. It makes a single attempt, for all who ask meanwhile. */
  async obtain(): Promise<void> {
    if (this.known !== undefined) return;
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    await this.asking;
  }

  /** This id is used up: the next one is another. */
  retire(id: bigint): void {
    if (this.known === id) this.known = undefined;
  }

  private async ask(): Promise<void> {
    const node = await this.cluster.any();
    const { errorCode, producerId } = await node.send(initProducerIdProtocol());
    if (errorCode !== 0) throw notGiven(errorCode);
    this.known = producerId;
  }
}

function notGiven(errorCode: number): BrokerError {
  return refused(errorCode, 'asking for a producer id', {
    cluster:
      'Write on some Topic, or before Kafka 2.8 IdempotentWrite on the Cluster; or write idempotent: false',
  });
}
