import type { BrokerError } from '../broker-error.js';
import { backoffMs, pause } from './backoff.js';
import type { Cluster } from './cluster.js';
import type { Reading } from './reading.js';

/** Whom a search for leaders works for. */
export interface LeaderSearchOptions {
  /** The partitions that have no leader here, at the moment. */
  lost(): readonly Reading[];
  /** Some may have one now. */
  onFound(): void;
  onTrouble(error: BrokerError): void;
  /** Ends the search. */
  readonly signal: AbortSignal;
}

/** Looks for the leaders of partitions that have none here, until all are found. */
export class LeaderSearch {
  private running = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly options: LeaderSearchOptions,
  ) {}

  /** Searches, unless it does already; never rejects. */
  async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    const { options } = this;
    for (let lost = options.lost(); lost.length > 0; lost = options.lost()) {
      const failures = Math.max(...lost.map((reading) => reading.failures));
      // The first time at once: metadata may just be missing, or a leader have moved.
      if (failures > 1) await pause(backoffMs(failures - 2), options.signal);
      if (options.signal.aborted) break;
      await this.lookUp(lost);
    }
    this.running = false;
    options.onFound();
  }

  private async lookUp(lost: readonly Reading[]): Promise<void> {
    const { options } = this;
    try {
      await this.cluster.refresh([...new Set(lost.map(({ topic }) => topic))]);
    } catch (error) {
      for (const reading of lost) reading.failures += 1;
      options.onTrouble(error as BrokerError);
      return;
    } finally {
      const now = performance.now();
      for (const reading of lost) reading.polledAt = now;
    }
    for (const reading of lost) {
      reading.leader = this.cluster.leaderOf(reading);
      if (reading.leader !== undefined) continue;
      reading.failures += 1;
      options.onTrouble(this.cluster.whyNoLeader(reading));
    }
    options.onFound();
  }
}
