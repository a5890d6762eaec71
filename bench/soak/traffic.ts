import { setTimeout as sleep } from 'node:timers/promises';
import type { AsyncCallError, AsyncCallsClient } from 'nestjs-async-calls';
import { lastValueFrom, type Observable, take, toArray } from 'rxjs';
import type { TrafficReport } from './messages.js';

/** A kind of call: how one is made, and how it ends. */
interface Kind {
  readonly call: (client: AsyncCallsClient, service: string, index: number) => Observable<unknown>;
  readonly ends: string;
  /** What a call that completes has brought; whatever it is, if absent. */
  readonly brings?: (values: readonly unknown[], index: number) => boolean;
}

const TEXT = 'x'.repeat(500);
const LENGTH = 20;
const count = (values: readonly unknown[]) =>
  values.length === LENGTH && values.every((value, index) => value === index);
const echoed = ([value]: readonly unknown[], index: number) => (value as { index?: number })?.index === index;

const KINDS: Readonly<Record<string, Kind>> = {
  'echo with a key': {
    call: (client, service, index) =>
      client.to(`${service}/echo`, { key: `key ${index % 50}` }).send({ index, TEXT }),
    ends: 'completed',
    brings: echoed,
  },
  'echo without a key': {
    call: (client, service, index) => client.send(`${service}/echo`, { index, TEXT }),
    ends: 'completed',
    brings: echoed,
  },
  'stream of an Observable': {
    call: (client, service) => client.send(`${service}/observable`, LENGTH),
    ends: 'completed',
    brings: count,
  },
  'stream of an async iterable': {
    call: (client, service) => client.send(`${service}/iterable`, LENGTH),
    ends: 'completed',
    brings: count,
  },
  'one-way': {
    call: (client, service, index) => client.emit(`${service}/note`, { index }),
    ends: 'completed',
  },
  'fails once, is retried': {
    call: (client, service, index) => client.send(`${service}/flaky`, { index }),
    ends: 'completed',
    brings: echoed,
  },
  'fails for good': { call: (client, service) => client.send(`${service}/refuse`, null), ends: 'conflict' },
  'given up by the caller': {
    // It is left in the middle, and its handler finds that out or runs to its end.
    call: (client, service) => client.send(`${service}/observable`, 2 * LENGTH).pipe(take(3)),
    ends: 'completed',
    brings: (values) => values.length === 3,
  },
  'times out': {
    call: (client, service) => client.to(`${service}/slow`, { timeoutMs: 100 }).send(400),
    ends: 'timeout',
  },
};

/** How many calls of each kind are under way at once, and how long each caller rests between two. */
const CALLERS = 3;
const REST_MS = 20;

/** Steady traffic of all kinds at once. */
export class Traffic {
  private paused = false;
  private readonly kinds = Object.entries(KINDS).map(([name, kind]) => ({
    name,
    kind,
    made: 0,
    over: new Map<string, number>(),
  }));

  constructor(
    private readonly client: AsyncCallsClient,
    private readonly service: string,
  ) {
    for (const each of this.kinds)
      for (let caller = 0; caller < CALLERS; caller += 1) void this.callForEver(each);
  }

  /** Makes no new calls; resolves when all are over, or after a minute. */
  async pause(): Promise<void> {
    this.paused = true;
    for (let waited = 0; this.underWay > 0 && waited < 60_000; waited += 50) await sleep(50);
  }

  resume(): void {
    this.paused = false;
  }

  get report(): TrafficReport {
    return Object.fromEntries(
      this.kinds.map(({ name, kind, made, over }) => [
        name,
        { made, over: Object.fromEntries(over), expected: kind.ends },
      ]),
    );
  }

  private get underWay(): number {
    return this.kinds.reduce((sum, { made, over }) => sum + made - total(over), 0);
  }

  private async callForEver(of: (typeof this.kinds)[number]): Promise<never> {
    for (;;) {
      if (!this.paused) await this.callOnce(of);
      await sleep(REST_MS);
    }
  }

  private async callOnce(of: (typeof this.kinds)[number]): Promise<void> {
    const index = of.made++;
    const end = await this.endOf(of.kind, index);
    of.over.set(end, (of.over.get(end) ?? 0) + 1);
  }

  private async endOf({ call, brings }: Kind, index: number): Promise<string> {
    try {
      const values = await lastValueFrom(call(this.client, this.service, index).pipe(toArray()));
      return !brings || brings(values, index) ? 'completed' : 'wrong values';
    } catch (error) {
      return (error as Partial<AsyncCallError>).code ?? 'untyped error';
    }
  }
}

function total(over: ReadonlyMap<string, number>): number {
  return [...over.values()].reduce((sum, each) => sum + each, 0);
}
