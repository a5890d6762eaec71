import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { type Cluster, startCluster } from '../../tools/kafka/cluster.mjs';
import { freePorts } from '../../tools/kafka/ports.mjs';
import { describeOnKafka } from '../support/kafka.js';
import type { Probed } from '../support/probes.js';
import { TcpProxy } from './faults/tcp-proxy.js';
import { Processes } from './processes.js';
import { ProbedService } from './probed-service.js';

jest.setTimeout(150_000);

const OUTAGE_MS = 60_000;
/** What is promised is a second, which is printed; a machine that stands still for some makes nobody fail. */
const READY_MS = 15_000;
const BACK_MS = 30_000;

const isReady = ({ status }: Probed) => status === 200;

describeOnKafka('the probes of a service', () => {
  const processes = new Processes();
  afterAll(() => processes.end());

  it('say that it is ready as soon as it has its partitions', async () => {
    const service = await ProbedService.launch(processes);

    const { body } = await service.until('readyz', isReady, { what: 'the service to be ready' });

    const seenAt = Date.now();
    const [{ groups }] = body.details['async-calls']['servers'] as [
      { groups: [{ since: string; partitions: number }] },
    ];
    expect(groups[0].partitions).toBe(6);
    const ms = seenAt - Date.parse(groups[0].since);
    console.log(`The service was seen to be ready ${ms} ms after it had its partitions.`);
    expect(ms).toBeLessThan(READY_MS);
    expect((await service.probe('startupz')).status).toBe(200);
  });

  it('say that it has not started, but lives, while there is no broker yet', async () => {
    const [port] = await freePorts(1);
    const service = await ProbedService.launch(processes, { brokers: [`127.0.0.1:${port}`] });

    const { why } = await service.until('startupz', ({ why: [reason = ''] }) => reason.includes('broker'), {
      what: 'the missing broker to be told',
    });

    expect(why).toEqual([
      expect.stringContaining('it is not a settled member of its group yet: the broker cannot be used'),
    ]);
    expect((await service.probe('readyz')).status).toBe(503);
    expect((await service.probe('livez')).status).toBe(200);
  });

  it('say that it does not live while a handler blocks its event loop, and that it does afterwards', async () => {
    const service = await ProbedService.start(processes, { livez: { maxEventLoopLagMs: 1_000 } });
    await service.until('livez', isReady, { what: 'the service to live' });
    const blocked = service.process.ask('call', { target: `${service.name}/block`, data: 5_000 });

    const { status, why } = await service.until('livez', (probed) => !isReady(probed), {
      what: 'the service not to live',
    });

    expect(status).toBe(503);
    expect(why).toEqual([expect.stringMatching(/^the event loop is blocked: a timer is \d{4,} ms late/)]);
    await blocked;
    await service.until('livez', isReady, { what: 'the service to live again' });
  });
});

describeOnKafka('the probes of a service in an outage', () => {
  const processes = new Processes();
  let cluster: Cluster;
  let proxy: TcpProxy;
  beforeAll(async () => {
    cluster = await startCluster({
      proxy: async (port) => {
        proxy = await TcpProxy.start(port);
        return proxy.port;
      },
    });
  });
  afterEach(() => processes.end());
  afterAll(async () => {
    await cluster?.stop();
    await proxy?.close();
  });

  it('say that it lives while the broker is down, is not ready, and soon is when it is back', async () => {
    const service = await ProbedService.start(processes, { brokers: [cluster.bootstrap] });
    await service.until('readyz', isReady, { what: 'the service to be ready' });

    await cluster.killNode(1);
    const away = await service.until('readyz', (probed) => !isReady(probed), {
      what: 'the outage to be told',
    });
    expect(away.why).toEqual([expect.stringContaining('the broker cannot be used')]);
    const lives: number[] = [];
    for (const end = Date.now() + OUTAGE_MS; Date.now() < end; await sleep(100))
      lives.push((await service.probe('livez')).status);
    expect(new Set(lives)).toEqual(new Set([200]));
    expect((await service.probe('readyz')).status).toBe(503);
    await cluster.startNode(1);
    const backAt = Date.now();
    await service.until('readyz', isReady, {
      what: 'the service to be ready again',
      timeoutMs: BACK_MS,
    });
    console.log(`The service was ready ${Date.now() - backAt} ms after the broker was back.`);

    expect((await service.probe('livez')).status).toBe(200);
    const { process, name } = service;
    expect(await process.ask('call', { target: `${name}/echo`, data: 'hello' })).toBeUndefined();
  });

  it('say that it does not live when its consumer stands still', async () => {
    // Connections that take everything and give nothing are given up by the driver, unless it is told to wait for ever.
    const service = await ProbedService.start(processes, {
      brokers: [cluster.proxiedBootstrap],
      enforceRequestTimeout: false,
      sessionTimeoutMs: 6_000,
      livez: { maxPollMs: 4_000 },
    });
    await service.until('readyz', isReady, { what: 'the service to be ready' });
    await service.until('livez', isReady, { what: 'the service to live' });

    proxy.halfClose();

    const { body } = await service.until('livez', (probed) => !isReady(probed), {
      what: 'the standstill to be told',
      timeoutMs: 60_000,
    });
    expect(body.error['async-calls']['reasons']).toEqual([
      {
        service: service.name,
        group: service.name,
        since: expect.any(String),
        why: expect.stringContaining('its consumer stands still'),
      },
    ]);
  });

  it('make no connection, however often they are asked', async () => {
    const service = await ProbedService.start(processes, { brokers: [cluster.proxiedBootstrap] });
    await service.process.ask('connect', undefined);
    await service.until('readyz', isReady, { what: 'the service to be ready' });
    const before = proxy.accepted;

    const statuses = new Set<number>();
    for (let round = 0; round < 30; round += 1) {
      const probes = Array.from({ length: 5 }, () => [service.probe('readyz'), service.probe('livez')]);
      for (const { status } of await Promise.all(probes.flat())) statuses.add(status);
    }

    expect(statuses).toEqual(new Set([200]));
    expect(proxy.accepted).toBe(before);
  });
});
