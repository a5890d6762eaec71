import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Cluster, startCluster } from '../../tools/kafka/cluster.mjs';
import { findInstallation } from '../../tools/kafka/installation.mjs';
import { freePorts } from '../../tools/kafka/ports.mjs';
import { describeOnKafka, kafkaBootstrap, uniqueName } from '../support/kafka.js';
import { Processes } from './processes.js';
import { ClientService, ServerService } from './services.js';

jest.setTimeout(120_000);

/** So long a broker lets new groups wait: far longer than by default, so that it is told apart from a busy machine. */
const REBALANCE_DELAY_MS = 20_000;
/** The aim is a second, and is printed; the rest is for a busy machine. */
const READY_MS = 15_000;

const installed = await findInstallation({ download: false }).then(
  () => true,
  () => false,
);

describeOnKafka('an application that starts before the broker', () => {
  const processes = new Processes();
  let front: BrokerFront;
  beforeAll(async () => {
    front = await BrokerFront.closed();
  });
  afterAll(async () => {
    await processes.end();
    await front.close();
  });

  it('is ready to call soon after the broker is up', async () => {
    const { brokers } = front;
    const client = await ClientService.start(processes, { service: uniqueName('client'), brokers });
    const readiness = await measureReadiness(client);

    await front.open();

    expectReady('the broker of the test run', await readiness.measured);
  });

  it('serves when the broker is up', async () => {
    await front.close();
    const service = uniqueName('server');
    const { brokers } = front;
    const server = await ServerService.launch(processes, { service, brokers });

    await front.open();
    await server.process.ask('listening', undefined);

    const client = await ClientService.start(processes, { service: uniqueName('client') });
    expect(await client.call(`${service}/echo`, 'hello')).toEqual({ values: ['hello'], error: undefined });
  });
});

(installed ? describe : describe.skip)('on a broker that lets new groups wait', () => {
  const processes = new Processes();
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ rebalanceDelayMs: REBALANCE_DELAY_MS });
    await cluster.stopNode(1);
  });
  afterEach(() => processes.end());
  afterAll(() => cluster?.stop());

  it('a client is ready without waiting, and a server serves, when the broker is up', async () => {
    const brokers = [cluster.bootstrap];
    const service = uniqueName('server');
    const [client, server] = await Promise.all([
      ClientService.start(processes, { service: uniqueName('client'), brokers }),
      ServerService.launch(processes, { service, brokers }),
    ]);
    const readiness = await measureReadiness(client);

    await cluster.startNode(1);

    expectReady('a broker with a rebalance delay', await readiness.measured);
    await server.process.ask('listening', undefined);
    expect(await client.call(`${service}/echo`, 'hello')).toEqual({ values: ['hello'], error: undefined });
  });
});

/** Lets a client connect; resolves when it has found no broker, with what will be its time from then on. */
async function measureReadiness(client: ClientService): Promise<{ readonly measured: Promise<number> }> {
  let measured: Promise<number> | undefined;
  await new Promise<void>((resolve, reject) => {
    measured = client.process.ask('readiness', undefined, () => resolve());
    measured.catch(reject);
  });
  return { measured: measured! };
}

function expectReady(where: string, ms: number): void {
  console.log(`A client was ready ${ms} ms after the first answer of ${where}.`);
  expect(ms).toBeLessThan(READY_MS);
}

/** An address that refuses connections until it is opened; then the broker of the test run answers there. */
class BrokerFront {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly port: number) {}

  static async closed(): Promise<BrokerFront> {
    const [port] = await freePorts(1);
    return new BrokerFront(port ?? 0);
  }

  get brokers(): string[] {
    return [`127.0.0.1:${this.port}`];
  }

  async open(): Promise<void> {
    const [host = '', port] = (kafkaBootstrap()?.[0] ?? '').split(':');
    this.server = createServer((near) => {
      const far = connect(Number(port), host);
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => {
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async close(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    await closed;
  }
}
