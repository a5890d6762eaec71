// The sample's service as its Deployment runs it, on a Kafka with the settings of a default one.
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsClient, AsyncCallsModule } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { type Cluster, startCluster } from '../../tools/kafka/cluster.mjs';
import { RUN_TYPESCRIPT } from '../../tools/run-typescript.mjs';
import { describeOnKafka, waitFor } from '../support/kafka.js';
import { container, environmentOfPod, manifestOf } from '../support/manifests.js';
import { probe, type Probed } from '../support/probes.js';

jest.setTimeout(180_000);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = 'sample/10-kubernetes/src/main.ts';
const GRACE_MS = 1_000 * manifestOf('Deployment').spec.template.spec.terminationGracePeriodSeconds;
/** As many as one request may have: a shutdown in the middle of them can be looked at for long. */
const PAYMENTS = Array.from({ length: 100 }, (_, index) => ({ id: `p${index}`, account: 'ada', cents: 100 }));

/** What is first in the Secret, and what it is changed to. */
const PASSWORDS = { first: 'first-secret', changed: 'changed-secret' };
const { KAFKA_USERNAME: USER = '' } = environmentOfPod('payments-0');

type ProbeName = 'startupProbe' | 'livenessProbe' | 'readinessProbe';

/** A container of the Deployment, without its image: the process that it runs. */
class Pod {
  private log = '';
  private readonly closed: Promise<unknown>;

  /** Without TLS and a password, unless it is said otherwise. */
  constructor(brokers: string, security: NodeJS.ProcessEnv = { KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT' }) {
    const env = {
      ...environmentOfPod('payments-0'),
      KAFKA_BROKERS: brokers,
      ...security,
      // One that is free.
      PROBE_PORT: '0',
      PROBE_HOST: '127.0.0.1',
    };
    this.child = spawn(process.execPath, [...RUN_TYPESCRIPT, MAIN], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (data: Buffer) => (this.log += data.toString()));
    this.closed = once(this.child, 'close');
  }

  private readonly child;

  /** What it has printed. */
  get printed(): string {
    return this.log;
  }

  /** The same, line by line. */
  get lines(): string[] {
    return this.log.trim().split('\n');
  }

  /** Asks as the kubelet does, by the manifest. */
  async ask(name: ProbeName): Promise<Probed> {
    const port = await waitFor(() => /answered at port (\d+)/.exec(this.log)?.[1], {
      what: `probes to be answered by\n${this.log}`,
      timeoutMs: 30_000,
    });
    const { httpGet } = container()[name];
    return probe(`http://127.0.0.1:${port}${httpGet.path}`);
  }

  async until(name: ProbeName, status: number): Promise<void> {
    await waitFor(async () => (await this.ask(name)).status === status, {
      what: `${name} to be answered with ${status}`,
      timeoutMs: 60_000,
    });
  }

  /** As the kubelet ends it; resolves as `ended` does. */
  async terminate(): Promise<number | NodeJS.Signals> {
    const { child } = this;
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    const how = await this.ended();
    clearTimeout(killing);
    return how;
  }

  /** Resolves when it has ended, with its exit code, or the signal that it took. */
  async ended(): Promise<number | NodeJS.Signals> {
    await this.closed;
    return this.child.exitCode ?? this.child.signalCode!;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

describeOnKafka('sample 10, as its Deployment runs it', () => {
  let cluster: Cluster;
  let pod: Pod;
  beforeAll(async () => {
    cluster = await startCluster({
      rebalanceDelayMs: 3_000,
      security: { users: { [USER]: PASSWORDS.first }, admins: [USER] },
    });
  });
  afterEach(() => pod?.kill());
  afterAll(() => cluster?.stop());

  it('starts, is ready, and when it is told to end it books what it has begun, and ends with 0', async () => {
    pod = new Pod(cluster.bootstrap);
    expect((await pod.ask('livenessProbe')).status).toBe(200);
    await pod.until('startupProbe', 200);
    await pod.until('readinessProbe', 200);
    await using customer = await openCustomer(cluster.bootstrap);

    const bookings: unknown[] = [];
    let ending: Promise<unknown> | undefined;
    let live: number | undefined;
    await customer.pay(PAYMENTS, async (booking) => {
      if (bookings.push(booking) !== 3) return;
      ending = pod.terminate();
      await pod.until('readinessProbe', 503);
      ({ status: live } = await pod.ask('livenessProbe'));
    });

    expect(await ending).toBe(0);
    expect(live).toBe(200);
    expect(bookings).toEqual(
      PAYMENTS.map(({ id, account }, index) => ({ payment: id, account, balance: 100 * (index + 1) })),
    );
    expect(pod.lines.at(-1)).toContain(`Closed after ${PAYMENTS.length} bookings`);
  });

  it('takes a password that was changed from its file, and goes on without a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'async-calls-k8s-'));
    try {
      const passwordFile = join(folder, 'password');
      await writeFile(passwordFile, PASSWORDS.first);
      pod = new Pod(cluster.saslBootstrap, {
        KAFKA_CA_FILE: cluster.security?.caFile,
        KAFKA_PASSWORD_FILE: passwordFile,
      });
      await pod.until('readinessProbe', 200);

      await changePassword(cluster, PASSWORDS.changed);
      // All connections have to be made anew.
      await cluster.killNode(1);
      await cluster.startNode(1);
      await waitFor(() => pod.printed.includes(`user "${USER}", mechanism SCRAM-SHA-512`), {
        what: 'the pod to be refused',
        timeoutMs: 60_000,
      });
      expect((await pod.ask('readinessProbe')).status).toBe(503);
      expect((await pod.ask('livenessProbe')).status).toBe(200);

      await writeFile(passwordFile, `${PASSWORDS.changed}\n`);
      await pod.until('readinessProbe', 200);
      expect(await pod.terminate()).toBe(0);
      expect(pod.printed).not.toMatch(/-secret/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('ends with 1 at once where its password cannot be read', async () => {
    pod = new Pod(cluster.saslBootstrap, { KAFKA_CA_FILE: cluster.security?.caFile });

    expect(await pod.ended()).toBe(1);
    expect(pod.printed).toContain(environmentOfPod('payments-0')['KAFKA_PASSWORD_FILE']);
  });

  it('lives while there is no broker, and ends with 0', async () => {
    pod = new Pod('127.0.0.1:1');

    expect((await pod.ask('livenessProbe')).status).toBe(200);
    expect((await pod.ask('startupProbe')).status).toBe(503);
    expect(await pod.terminate()).toBe(0);
    expect(pod.lines.at(-1)).toContain('Closed after 0 bookings');
  });
});

function changePassword(cluster: Cluster, password: string): Promise<unknown> {
  const entity = ['--entity-type', 'users', '--entity-name', USER];
  const config = `SCRAM-SHA-512=[iterations=4096,password=${password}]`;
  return cluster.tool('kafka-configs', ['--alter', '--add-config', config, ...entity]);
}

async function openCustomer(brokers: string) {
  const app = await NestFactory.createApplicationContext(
    AsyncCallsModule.forRoot({ service: 'customer', broker: kafkajs({ brokers: [brokers] }) }),
    { logger: ['error', 'warn'] },
  );
  const client = app.get(AsyncCallsClient);
  return {
    /** Resolves when all are booked, and what was done about the bookings is done. */
    async pay(payments: unknown, onBooking: (booking: unknown) => Promise<void>): Promise<void> {
      const done: Promise<void>[] = [];
      await client.send('payments/pay', payments).forEach((booking) => done.push(onBooking(booking)));
      await Promise.all(done);
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
}
