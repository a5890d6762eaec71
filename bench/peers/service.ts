import { setTimeout as delay } from 'node:timers/promises';
import { Observable, range, map } from 'rxjs';
import type { BenchRequest, StreamItem } from './request.js';

/** What a server has seen since it was reset. */
export interface Handled {
  readonly calls: number;
  /** Each counted once. */
  readonly events: number;
  /** How many events came again. */
  readonly repeated: number;
  /** `Date.now()` of the last event that was new. */
  readonly lastEventAt: number;
  /** How many requests of a lane did not come next, or came while another one of their lane was running. */
  readonly outOfOrder: number;
}

const NOTHING: Handled = { calls: 0, events: 0, repeated: 0, lastEventAt: 0, outOfOrder: 0 };

class Gate {
  open = () => {};
  readonly opened = new Promise<void>((open) => (this.open = open));
}

/** What every server does, whatever brings the requests. */
export class Service {
  private seen: { -readonly [K in keyof Handled]: Handled[K] } = { ...NOTHING };
  private batch = 0;
  private readonly events = new Set<number>();
  private readonly places = new Map<string, number>();
  private readonly running = new Set<string>();
  private gate = new Gate();
  private expected = { events: Infinity, reached: () => {} };

  /** Answers a request: with a value, a promise of one, or an Observable or async iterable of many. */
  call(request: BenchRequest): unknown {
    this.seen.calls += 1;
    switch (request.op) {
      case 'echo':
        return request;
      case 'wait':
        return delay(request.waitMs, request);
      case 'in-order':
        return this.inOrder(request);
      case 'hold':
        return this.gate.opened.then(() => request);
      case 'stream':
        return range(0, request.length ?? 0).pipe(map((seq): StreamItem => ({ seq })));
      case 'turns':
        return inTurns(request.length ?? 0);
      case 'iterable':
        return iterable(request.length ?? 0);
    }
  }

  /** Handles a one-way call. */
  event({ n, batch = 0 }: BenchRequest): void {
    if (batch < this.batch) return;
    this.batch = batch;
    if (this.events.has(n)) {
      this.seen.repeated += 1;
      return;
    }
    this.events.add(n);
    this.seen.events = this.events.size;
    this.seen.lastEventAt = Date.now();
    if (this.events.size >= this.expected.events) this.expected.reached();
  }

  /** Before a measurement. */
  reset(): void {
    this.seen = { ...NOTHING };
    this.events.clear();
    this.places.clear();
    this.running.clear();
    this.gate = new Gate();
    this.expected = { events: Infinity, reached: () => {} };
  }

  /** Lets what is held go. */
  release(): void {
    this.gate.open();
  }

  handled(): Handled {
    return { ...this.seen };
  }

  /** Resolves when so many events were handled since the reset. */
  async handledEvents(events: number): Promise<Handled> {
    await new Promise<void>((reached) => {
      this.expected = { events, reached };
      if (this.seen.events >= events) reached();
    });
    return this.handled();
  }

  private async inOrder(request: BenchRequest): Promise<BenchRequest> {
    const { lane = '', n, waitMs } = request;
    const isNext = n === (this.places.get(lane) ?? -1) + 1;
    if (!isNext || this.running.has(lane)) this.seen.outOfOrder += 1;
    this.places.set(lane, n);
    this.running.add(lane);
    await delay(waitMs);
    this.running.delete(lane);
    return request;
  }
}

async function* iterable(length: number): AsyncGenerator<StreamItem> {
  for (let seq = 0; seq < length; seq += 1) yield { seq };
}

function inTurns(length: number): Observable<StreamItem> {
  return new Observable((subscriber) => {
    let seq = 0;
    const turn = () => {
      subscriber.next({ seq });
      seq += 1;
      if (seq < length) next = setImmediate(turn);
      else subscriber.complete();
    };
    let next = setImmediate(turn);
    return () => clearImmediate(next);
  });
}
