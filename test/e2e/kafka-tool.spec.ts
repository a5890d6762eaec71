import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Admin, Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { type Cluster, startCluster } from '../../tools/kafka/cluster.mjs';
import { findInstallation } from '../../tools/kafka/installation.mjs';
import { isAlive } from '../../tools/kafka/processes.mjs';
import type { RunningCluster } from '../../tools/kafka/state.mjs';
import { uniqueName, waitFor } from '../support/kafka.js';

const CLI = 'tools/kafka/cli.mjs';
const START_MS = 60_000;
/** A test run that is killed must not leave its broker running. */
const START = ['start', '--until-exit-of', String(process.pid)];

const installed = await findInstallation({ download: false }).then(
  () => true,
  () => false,
);

(installed ? describe : describe.skip)('the Kafka tool', () => {
  describe('a cluster whose owner is killed', () => {
    let owner: ChildProcess | undefined;
    afterEach(() => {
      owner?.kill('SIGKILL');
    });

    it(
      'ends and leaves no data behind',
      async () => {
        owner = spawn(process.execPath, ['--input-type=module', '--eval', OWNER], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const [line] = (await once(owner.stdout!, 'data')) as [Buffer];
        const { pid, keeperPid, clusterDir } = JSON.parse(line.toString()) as OwnersCluster;
        expect(await isAlive(pid, clusterDir)).toBe(true);

        owner.kill('SIGKILL');

        await waitFor(async () => !(await isAlive(pid, clusterDir)), { what: 'the JVM to end' });
        await waitFor(async () => !(await isAlive(keeperPid, clusterDir)), { what: 'the keeper to end' });
        expect(existsSync(clusterDir)).toBe(false);
      },
      START_MS,
    );
  });

  describe('on the command line', () => {
    let stateDir: string;
    beforeEach(async () => {
      stateDir = await mkdtemp(join(tmpdir(), 'kafka-tool-'));
    });
    afterEach(async () => {
      await runCli(stateDir, 'stop');
      await rm(stateDir, { recursive: true, force: true });
    }, START_MS);

    it(
      'starts one broker, says what runs, and stops it',
      async () => {
        expect(await runCli(stateDir, 'status')).toMatchObject({ code: 1 });

        const started = await runCli(stateDir, START);
        const state = await readState(stateDir);
        expect(started).toMatchObject({ code: 0 });
        expect(started.output).toContain(`export KAFKA_BOOTSTRAP=${state.bootstrap}\n`);
        const [pid] = state.nodes.map((node) => node.pid);
        const status = await runCli(stateDir, 'status');
        expect(status).toMatchObject({ code: 0 });
        expect(status.output).toContain(`pid ${pid}`);

        expect(await runCli(stateDir, START)).toMatchObject({
          code: 0,
          output: expect.stringContaining('running already'),
        });
        expect(await readState(stateDir)).toEqual(state);

        expect(await runCli(stateDir, 'stop')).toMatchObject({ code: 0 });
        for (const ended of [...state.nodes.map((node) => node.pid), state.keeperPid]) {
          expect(await isAlive(ended, state.clusterDir)).toBe(false);
        }
        expect(existsSync(state.clusterDir)).toBe(false);
        expect(await runCli(stateDir, 'status')).toMatchObject({ code: 1 });
      },
      START_MS,
    );

    it(
      'starts one that is secure, and says how it is reached',
      async () => {
        const { output } = await runCli(stateDir, [...START, '--secure']);
        const [, caFile = ''] = /certificate authority (\S+):\n/.exec(output) ?? [];
        const [, address = ''] = /\n(\S+) by SASL/.exec(output) ?? [];
        const ssl = { ca: await readFile(caFile, 'utf8') };
        const [, username = '', password = ''] = /user (\w+), password (\S+), who may/.exec(output) ?? [];
        const sasl = { mechanism: 'scram-sha-512', username, password } as const;
        await withAdmin(address, async (admin) => expect(await admin.listTopics()).toEqual([]), {
          ssl,
          sasl,
        });
      },
      START_MS,
    );

    it('only asks a broker that KAFKA_BOOTSTRAP names', async () => {
      const nobody = { KAFKA_BOOTSTRAP: '127.0.0.1:1' };
      expect(await runCli(stateDir, START, nobody)).toMatchObject({
        code: 1,
        output: expect.stringContaining('no broker answers'),
      });
      expect(await runCli(stateDir, 'stop', nobody)).toMatchObject({ code: 0 });
    });
  });

  describe('a node', () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await startCluster({
        rebalanceDelayMs: 3000,
        // A killed node may register again only when its old session has timed out: after 9 s by default.
        properties: { 'num.partitions': '2', 'broker.session.timeout.ms': '2000' },
      });
    }, START_MS);
    afterAll(() => cluster.stop());

    it(
      'comes back on its port with its data after an orderly stop and after a kill',
      async () => {
        const topic = uniqueName('kept');
        const { bootstrap } = cluster;
        const pids = () => cluster.nodes.map(({ pid }) => pid);
        await withAdmin(bootstrap, async (admin, kafka) => {
          const producer = kafka.producer();
          await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
          await producer.connect();
          await producer.send({ topic, messages: [{ partition: 1, value: 'kept' }] });
          await producer.disconnect();
        });
        const restart = async (end: () => Promise<void>) => {
          const before = pids();
          await end();
          for (const pid of before) expect(await isAlive(pid, cluster.clusterDir)).toBe(false);
          await cluster.startNode(1);
          expect(pids()).not.toEqual(before);
          const offsets = await withAdmin(bootstrap, (admin) => admin.fetchTopicOffsets(topic));
          expect(offsets).toContainEqual({ partition: 1, offset: '1', high: '1', low: '0' });
        };

        await restart(() => cluster.stopNode(1));
        await restart(() => cluster.killNode(1));
      },
      START_MS,
    );

    it(
      'says what it reads when it cannot start',
      async () => {
        await expect(startCluster({ properties: { 'num.io.threads': 'many' } })).rejects.toThrow(
          /num\.io\.threads/,
        );
      },
      START_MS,
    );
  });
});

interface OwnersCluster {
  readonly pid: number;
  readonly keeperPid: number;
  readonly clusterDir: string;
}

const OWNER = `
  import { startCluster } from './tools/kafka/cluster.mjs';
  const { nodes: [{ pid }], keeperPid, clusterDir } = await startCluster();
  console.log(JSON.stringify({ pid, keeperPid, clusterDir }));
  setInterval(() => undefined, 1000);
`;

async function readState(stateDir: string): Promise<RunningCluster> {
  return JSON.parse(await readFile(join(stateDir, 'running.json'), 'utf8')) as RunningCluster;
}

function runCli(
  stateDir: string,
  command: string | readonly string[],
  extraEnv: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string }> {
  const env = { ...process.env, KAFKA_BOOTSTRAP: '', KAFKA_STATE_DIR: stateDir, ...extraEnv };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [CLI, ...[command].flat()],
      { env },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
      },
    );
  });
}

async function withAdmin<T>(
  bootstrap: string,
  use: (admin: Admin, kafka: Kafka) => Promise<T>,
  security: Pick<KafkaConfig, 'ssl' | 'sasl'> = {},
): Promise<T> {
  const brokers = bootstrap.split(',');
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, ...security });
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await use(admin, kafka);
  } finally {
    await admin.disconnect();
  }
}
