import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cluster, startCluster } from '../../tools/kafka/cluster.mjs';
import { isAlive } from '../../tools/kafka/processes.mjs';
import { waitFor } from '../support/kafka.js';
import { KafkaTool, START_MS, describeWithKafkaTool, keepRecord, withAdmin } from './kafka-tool.js';

describeWithKafkaTool('the Kafka tool', () => {
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
    it(
      'starts one broker, says what runs, and stops it',
      async () => {
        await using tool = await KafkaTool.create();
        expect(await tool.run('status')).toMatchObject({ code: 1 });

        const started = await tool.start();
        const state = await tool.state();
        expect(started).toMatchObject({ code: 0 });
        expect(started.output).toContain(`export KAFKA_BOOTSTRAP=${state.bootstrap}\n`);
        const [pid] = state.nodes.map((node) => node.pid);
        const status = await tool.run('status');
        expect(status).toMatchObject({ code: 0 });
        expect(status.output).toContain(`pid ${pid}`);

        expect(await tool.start()).toMatchObject({
          code: 0,
          output: expect.stringContaining('running already'),
        });
        expect(await tool.state()).toEqual(state);

        expect(await tool.run('stop')).toMatchObject({ code: 0 });
        await tool.expectEnded(state);
        expect(await tool.run('status')).toMatchObject({ code: 1 });
      },
      START_MS,
    );

    it(
      'starts one that is secure, and says how it is reached',
      async () => {
        await using tool = await KafkaTool.create();
        const { output } = await tool.start('--secure');
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

    it.each(['help', '--help', '-h', 'start --help'])(
      'prints its usage when asked by "%s"',
      async (words) => {
        await using tool = await KafkaTool.create();
        const { code, stdout } = await tool.run(words.split(' '));
        expect(code).toBe(0);
        expect(stdout).toContain('npm run kafka -- <command>');
      },
    );

    it.each([[[]], [['begin']], [['stop', 'everything']], [['start', '--node', '3']]])(
      'prints its usage as an error for the words %j',
      async (words: string[]) => {
        await using tool = await KafkaTool.create();
        const { code, stdout, output } = await tool.run(words);
        expect(code).toBe(2);
        expect(stdout).toBe('');
        expect(output).toContain('npm run kafka -- <command>');
      },
    );
  });

  describe('a node', () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await startCluster({
        rebalanceDelayMs: 3000,
        // A killed node may register again only when its old session has timed out: after 9 s by default.
        properties: { 'broker.session.timeout.ms': '2000' },
      });
    }, START_MS);
    afterAll(() => cluster.stop());

    it(
      'comes back on its port with its data after an orderly stop and after a kill',
      async () => {
        const { bootstrap } = cluster;
        const pids = () => cluster.nodes.map(({ pid }) => pid);
        const record = await keepRecord(bootstrap);
        const restart = async (end: () => Promise<void>) => {
          const before = pids();
          await end();
          for (const pid of before) expect(await isAlive(pid, cluster.clusterDir)).toBe(false);
          await cluster.startNode(1);
          expect(pids()).not.toEqual(before);
          await record.expectKept();
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
