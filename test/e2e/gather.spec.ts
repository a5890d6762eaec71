import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import type { AsyncCallsClient, Gathered, GatheredEnd } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { lastValueFrom, type Observable, tap } from 'rxjs';
import { describeOnKafka, kafkaBootstrap, uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';
import type { BidderCommands, BidderSettings } from './apps/bidder.app.js';
import { AppProcess, Processes } from './processes.js';

jest.setTimeout(120_000);

/** Far longer than those take that answer. */
const WITHIN_MS = 10_000;

/** A service that makes offers, in a process of its own. */
class Bidder {
  readonly name = uniqueName('bidder');
  /** How it was asked, by all of its instances: `call` or `event`. */
  readonly asked: unknown[] = [];
  private process!: AppProcess<BidderCommands>;

  constructor(
    private readonly processes: Processes,
    private readonly topic: string,
    private readonly isEndless = false,
  ) {}

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const { name: service, topic, isEndless } = this;
    const settings: BidderSettings = { service, topic, isEndless, brokers: kafkaBootstrap() ?? [] };
    this.process = await AppProcess.start<BidderCommands>(this.processes, 'apps/bidder', settings);
    // It fails when the process is killed.
    this.process.ask('watchOffered', undefined, (how) => this.asked.push(how)).catch(() => undefined);
    await this.process.ask('listening', undefined);
  }

  async kill(): Promise<void> {
    await this.process.signal('SIGKILL');
  }
}

describeOnKafka('gathering, of three services of which one is killed', () => {
  const processes = new Processes();
  const topic = uniqueName('offers-wanted');
  const others = [new Bidder(processes, topic), new Bidder(processes, topic)];
  let client: AsyncCallsClient;
  let killed: Bidder;
  let names: string[];

  // One by one: a machine of few cores cannot start many in time.
  beforeAll(async () => {
    for (const bidder of others) await bidder.start();
  });
  beforeEach(async () => {
    killed = new Bidder(processes, topic, true);
    await killed.start();
    names = [...others, killed].map(({ name }) => name);
    ({ client } = await startService({ broker: kafkajs({ brokers: kafkaBootstrap() ?? [] }) }));
    await client.connect();
  });
  afterAll(() => processes.end());

  /** Kills the service when its first offer has come; resolves with the end. */
  async function endOf(gathered: Observable<Gathered>, whoIsKilled: string): Promise<GatheredEnd> {
    let killing: Promise<void> | undefined;
    const isFirst = (item: Gathered) => item.kind === 'response' && item.from === whoIsKilled;
    const end = await lastValueFrom(
      gathered.pipe(
        tap((item) => {
          if (isFirst(item)) killing = killed.kill();
        }),
      ),
    );
    expect(killing).toBeDefined();
    await killing;
    return end as GatheredEnd;
  }

  function offersOf({ responses }: GatheredEnd): Record<string, unknown[]> {
    const offers: Record<string, unknown[]> = {};
    for (const { from, value } of responses) (offers[from] ??= []).push(value);
    return offers;
  }

  const both = (name: string) => [`first of ${name}`, `last of ${name}`];

  it('brings what the endpoints of the others answer, and says whose has not ended', async () => {
    const targets = names.map((name) => `${name}/offer`);
    const end = await endOf(client.gather(targets, null, { withinMs: WITHIN_MS }), targets[2]);
    expect(end).toMatchObject({ reason: 'time', failures: [], unfinished: [targets[2]] });
    expect(offersOf(end)).toEqual({
      [targets[0]]: both(names[0]),
      [targets[1]]: both(names[1]),
      [targets[2]]: [`first of ${names[2]}`],
    });
    expect(client.inFlight).toBe(0);
  });

  it('brings what the other subscribers answer, and the event comes to the next instance of the one', async () => {
    const options = { expect: names, withinMs: WITHIN_MS };
    const end = await endOf(client.gather({ event: topic }, null, options), names[2]);
    expect(end).toMatchObject({ reason: 'time', failures: [], unfinished: [names[2]] });
    expect(offersOf(end)).toEqual({
      [names[0]]: both(names[0]),
      [names[1]]: both(names[1]),
      [names[2]]: [`first of ${names[2]}`],
    });
    await killed.start();
    await waitFor(() => killed.asked.length === 2, { what: 'the event again', timeoutMs: 30_000 });
    expect(killed.asked).toEqual(['event', 'event']);
    for (const { asked } of others) expect(asked.filter((how) => how === 'event')).toHaveLength(1);
  });
});
