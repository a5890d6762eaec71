import type { BrokerError } from '../broker-error.js';
import type { RecordBatch } from '../record.js';

/** What the fetcher tells the consumer it works for. */
export interface FetcherListener {
  onBatch(batch: RecordBatch): void;
  /** Asked before each batch: whether these partitions may still be handed over. */
  mayHandOver?(): boolean;
  /** A partition cannot be read, again and again; `undefined` once all can. */
  onTrouble(trouble: BrokerError | undefined): void;
  /** `onBatch` threw, or the fetcher has a fault: nothing is fetched any more. */
  onFailure(error: BrokerError): void;
}
