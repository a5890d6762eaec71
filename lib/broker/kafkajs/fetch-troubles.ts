import type { BrokerError } from '../broker-error.js';
import { isTroubled, type Reading } from './reading.js';

/** Whether the partitions that are read are in trouble, told when it begins, goes on and ends. */
export class FetchTroubles {
  private troubled = false;

  constructor(private readonly tell: (trouble: BrokerError | undefined) => void) {}

  /** Looks at them after a change; `error` says what has just gone wrong, if something has. */
  report(readings: Iterable<Reading>, error?: BrokerError): void {
    const persists = [...readings].some(isTroubled);
    if (persists && error !== undefined) {
      this.troubled = true;
      this.tell(error);
    } else if (!persists && this.troubled) {
      this.troubled = false;
      this.tell(undefined);
    }
  }
}
