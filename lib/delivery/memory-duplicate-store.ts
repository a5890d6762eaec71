import type { DuplicateStore } from './duplicate-store.js';
import { Fifo } from '../collections/fifo.js';
import type { Environment } from '../environment/environment.js';

/** How much of the past a store remembers. */
export interface DuplicateWindow {
  /** For how long after its end a request is remembered, in milliseconds. */
  readonly windowMs: number;
  /** How many requests that have ended are remembered at most; the oldest are forgotten first. */
  readonly maxRequests: number;
}

interface MemoryClaim {
  readonly place: string;
  done(): void;
  release(): void;
}

/** A request that has ended. */
interface Ended {
  readonly requestId: string;
  readonly at: number;
}

/** Remembers in this process what it has run. */
export class MemoryDuplicateStore implements DuplicateStore {
  private readonly running = new Map<string, MemoryClaim>();
  private readonly ended = new Set<string>();
  /** The ended ones, the earliest first: to look for those in the set would pass all that was deleted before. */
  private readonly byAge = new Fifo<Ended>();

  constructor(
    private readonly window: DuplicateWindow,
    private readonly environment: Pick<Environment, 'now'>,
  ) {}

  /** How many requests it knows. */
  get size(): number {
    return this.running.size + this.ended.size;
  }

  claim(requestId: string, place: string): MemoryClaim | undefined {
    this.forgetOld();
    const rival = this.running.get(requestId);
    if (this.ended.has(requestId) || (rival && rival.place !== place)) return undefined;
    const claim: MemoryClaim = {
      place,
      done: () => this.settle(requestId, claim, true),
      release: () => this.settle(requestId, claim, false),
    };
    this.running.set(requestId, claim);
    return claim;
  }

  hasEnded(requestId: string): boolean {
    this.forgetOld();
    return this.ended.has(requestId);
  }

  /** A claim that another one has replaced has no say any more. */
  private settle(requestId: string, claim: MemoryClaim, done: boolean): void {
    if (this.running.get(requestId) !== claim) return;
    this.running.delete(requestId);
    if (!done) return;
    this.ended.add(requestId);
    this.byAge.push({ requestId, at: this.environment.now() });
  }

  private forgetOld(): void {
    const { windowMs, maxRequests } = this.window;
    const earliest = this.environment.now() - windowMs;
    for (let oldest = this.byAge.peek(); oldest; oldest = this.byAge.peek()) {
      if (oldest.at >= earliest && this.byAge.length <= maxRequests) return;
      this.byAge.take();
      this.ended.delete(oldest.requestId);
    }
  }
}
