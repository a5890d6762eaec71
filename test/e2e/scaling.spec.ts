import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { describeOnKafka, uniqueName, waitFor } from '../support/kafka.js';
import type { LoadReport } from './apps/client-commands.js';
import { Processes } from './processes.js';
import { ClientService, type ServerService as Server, ServerService } from './services.js';

jest.setTimeout(120_000);

const CALLS = 600;
const IN_FLIGHT = 60;

describeOnKafka('a service of several instances', () => {
  const processes = new Processes();
  const service = uniqueName('server');
  const target = `${service}/count-slowly`;
  /** How often each call was run, on whatever instance. */
  const runs = new Map<string, number>();
  const servers = new Map<string, Server>();
  let client: ClientService;

  async function startServer(instance: string): Promise<void> {
    const server = await ServerService.start(processes, { service, instance, partitions: 6 });
    servers.set(instance, server);
    server.process
      .ask('watchServed', undefined, (call) => runs.set(call as string, (runs.get(call as string) ?? 0) + 1))
      .catch(() => undefined);
  }

  /** Keeps the service under load from before something happens until after it. */
  async function underLoad(prefix: string, happen: () => Promise<unknown>): Promise<LoadReport> {
    let over = 0;
    const load = client.load(
      { target, prefix, calls: CALLS, parts: 3, inFlight: IN_FLIGHT, untilEnough: true },
      (count) => (over = count),
    );
    await waitFor(() => over >= CALLS / 3, { what: 'a first part of the calls' });
    await happen();
    const before = over;
    await waitFor(() => over >= before + CALLS / 3, { what: 'a last part of the calls' });
    await client.process.ask('enough', undefined);
    return load;
  }

  function expectAllComplete({ made, complete, wrong }: LoadReport): void {
    expect(wrong).toEqual([]);
    expect(complete).toBe(made);
    expect(made).toBeGreaterThanOrEqual(CALLS);
  }

  async function expectEachRunOnce({ made }: LoadReport): Promise<void> {
    // What servers tell of their runs may come behind what the client tells of its calls.
    await waitFor(() => runs.size === made, { what: 'all runs to be told' }).catch(() => undefined);
    expect([...runs].filter(([, times]) => times !== 1)).toEqual([]);
    expect(runs.size).toBe(made);
  }

  /** Resolves when each of the instances has answered. */
  async function allServe(): Promise<void> {
    const seen = new Set<string>();
    await waitFor(
      async () => {
        const { servedBy } = await client.load({ target, prefix: uniqueName('probe'), calls: 12, parts: 1 });
        for (const instance of Object.keys(servedBy)) seen.add(instance);
        return [...servers.keys()].every((instance) => seen.has(instance));
      },
      { what: `${[...servers.keys()].join(', ')} to serve`, timeoutMs: 20_000 },
    );
  }

  beforeAll(async () => {
    [client] = await Promise.all([
      ClientService.start(processes, { service: uniqueName('client') }),
      startServer('one'),
      startServer('two'),
      startServer('three'),
    ]);
    await allServe();
  });
  beforeEach(() => runs.clear());
  afterAll(() => processes.end());

  it('shares the work of six partitions', async () => {
    const report = await client.load({
      target,
      prefix: 'shared',
      calls: CALLS,
      parts: 3,
      inFlight: IN_FLIGHT,
    });

    expectAllComplete(report);
    await expectEachRunOnce(report);
    expect(Object.keys(report.servedBy).sort()).toEqual(['one', 'three', 'two']);
  });

  it('loses no call when an instance leaves under load, and runs none twice', async () => {
    const report = await underLoad('leaving', () => servers.get('two')!.process.end());

    expectAllComplete(report);
    await expectEachRunOnce(report);
    expect(Object.keys(report.servedBy)).toContain('two');
  });

  it('loses no call when an instance joins under load, and runs none twice', async () => {
    servers.delete('two');

    const report = await underLoad('joining', () => startServer('four'));

    expectAllComplete(report);
    await expectEachRunOnce(report);
    await allServe();
  });
});
