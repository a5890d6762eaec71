import { Cutoff } from './cutoff.js';

interface InFlight {
  readonly withdrawal: Cutoff;
  /** How many records of this request there are: two if it was sent twice. */
  records: number;
  /** The offsets of the cancels that have come for it. */
  readonly cancels: bigint[];
}

/** The requests of one partition that were taken and have not ended, by their ids, for the cancels behind them. */
export class InFlightRequests {
  private readonly requests = new Map<string, InFlight>();

  /** A record of the request was taken. Returns what is aborted when its caller gives it up. */
  take(requestId: string): Cutoff {
    const known = this.requests.get(requestId);
    if (known) {
      known.records += 1;
      return known.withdrawal;
    }
    const withdrawal = new Cutoff();
    this.requests.set(requestId, { withdrawal, records: 1, cancels: [] });
    return withdrawal;
  }

  /** The cancel at this offset gives the request up. Returns false if it is not in flight. */
  withdraw(requestId: string, cancelOffset: bigint): boolean {
    const request = this.requests.get(requestId);
    if (!request) return false;
    request.cancels.push(cancelOffset);
    request.withdrawal.abort();
    return true;
  }

  /**
   * A record of the request has ended. Returns the offsets of the cancels that are done with it: not before, or the
   * partition's next owner would run the request and never see that it was given up.
   */
  end(requestId: string): readonly bigint[] {
    const request = this.requests.get(requestId);
    if (!request) return [];
    request.records -= 1;
    if (request.records > 0) return [];
    this.requests.delete(requestId);
    return request.cancels;
  }
}
