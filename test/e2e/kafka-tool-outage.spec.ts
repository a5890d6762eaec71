import { expect, it } from '@jest/globals';
import { isAlive } from '../../tools/kafka/processes.mjs';
import type { RunningCluster } from '../../tools/kafka/state.mjs';
import { waitFor } from '../support/kafka.js';
import { KafkaTool, START_MS, describeWithKafkaTool, keepRecord } from './kafka-tool.js';

/** A killed node may register again only when its old session has timed out: after 9 s by default. */
const SOON_BACK = ['--set', 'broker.session.timeout.ms=2000'];

describeWithKafkaTool('an outage made with the Kafka tool', () => {
  it(
    'takes nothing from a broker that was killed but its pid: neither data nor port',
    async () => {
      await using tool = await KafkaTool.create();
      await tool.start(...SOON_BACK);
      const state = await tool.state();
      const record = await keepRecord(state.bootstrap);

      const killed = await tool.run('kill');
      expect(killed).toMatchObject({ code: 0, output: expect.stringContaining('node 1: down') });
      await expectDown(tool, state);

      expect(await tool.run('restart')).toMatchObject({ code: 0 });
      await expectBack(tool, state);
      await record.expectKept();
      const { nodes } = await tool.state();
      expect(await tool.run('status', state.bootstrap)).toMatchObject({
        code: 0,
        output: expect.stringContaining(`pid ${nodes[0]?.pid}`),
      });

      expect(await tool.run(['kill', '1'], state.bootstrap)).toMatchObject({ code: 0 });
      const end = await tool.run('stop');
      expect(end).toMatchObject({ code: 0 });
      await tool.expectEnded(state);
    },
    2 * START_MS,
  );

  it(
    'is over with a restart after a kill -9 by hand, too',
    async () => {
      await using tool = await KafkaTool.create();
      await tool.start(...SOON_BACK);
      const state = await tool.state();
      const record = await keepRecord(state.bootstrap);

      process.kill(pidOf(state, 1), 'SIGKILL');
      await waitFor(async () => (await tool.run('status')).code === 1, { what: 'the node to be down' });
      await expectDown(tool, state);
      expect(await tool.run('kill')).toMatchObject({
        code: 1,
        output: expect.stringContaining('down already'),
      });

      expect(await tool.run(['restart', '1'])).toMatchObject({ code: 0 });
      await expectBack(tool, state);
      const back = await tool.state();
      await record.expectKept();

      // What runs is shut down in an orderly way, and started.
      expect(await tool.run('restart')).toMatchObject({ code: 0 });
      await expectBack(tool, back);
      await record.expectKept();
    },
    2 * START_MS,
  );

  it(
    'concerns one node of several, or all',
    async () => {
      await using tool = await KafkaTool.create();
      await tool.start('--nodes', '3', ...SOON_BACK);
      const state = await tool.state();
      const pids = state.nodes.map(({ pid }) => String(pid));

      for (const wrong of ['0', '4', 'two']) {
        const { code, output } = await tool.run(['kill', wrong]);
        expect(code).toBe(1);
        expect(output).toContain(`There is no node ${wrong}: there are 1, 2, 3`);
      }
      const one = await tool.run(['kill', '2']);
      expect(one).toMatchObject({ code: 0, output: expect.stringContaining('node 2: down') });
      expect(one.output).toContain(`pid ${pids[0]}`);
      expect(one.output).toContain(`pid ${pids[2]}`);
      expect(await tool.run('start')).toMatchObject({
        code: 0,
        output: expect.stringContaining('node 2: down'),
      });

      await tool.run('kill');
      const minority = await tool.run(['restart', '2']);
      expect(minority).toMatchObject({ code: 1, output: expect.stringContaining('no majority') });

      const all = await tool.run('restart');
      expect(all).toMatchObject({ code: 0 });
      expect(all.output).not.toContain('down');
      const back = await tool.state();
      expect(back.bootstrap).toBe(state.bootstrap);
      for (const { pid } of back.nodes) expect(await isAlive(pid, back.clusterDir)).toBe(true);
    },
    3 * START_MS,
  );

  it('needs a broker that runs', async () => {
    await using tool = await KafkaTool.create();
    for (const command of ['kill', 'restart']) {
      expect(await tool.run(command)).toMatchObject({
        code: 1,
        output: expect.stringContaining('npm run kafka -- start'),
      });
    }
  });

  it(
    'cannot be made without the keeper, but what it has left is stopped',
    async () => {
      await using tool = await KafkaTool.create();
      await tool.start();
      const state = await tool.state();
      process.kill(state.keeperPid, 'SIGKILL');
      await waitFor(async () => !(await isAlive(state.keeperPid, state.clusterDir)), {
        what: 'the keeper to end',
      });

      expect(await tool.run('status')).toMatchObject({ code: 0 });
      for (const command of ['kill', 'restart']) {
        const { code, output } = await tool.run(command);
        expect(code).toBe(1);
        expect(output).toContain('npm run kafka -- stop');
      }
      expect(await tool.run('stop')).toMatchObject({ code: 0 });
      await tool.expectEnded(state);
    },
    START_MS,
  );
});

/** The node is down, its keeper is not; `start` neither starts another one nor takes its data. */
async function expectDown(tool: KafkaTool, state: RunningCluster): Promise<void> {
  expect(await isAlive(pidOf(state, 1), state.clusterDir)).toBe(false);
  expect(await isAlive(state.keeperPid, state.clusterDir)).toBe(true);
  const status = await tool.run('status');
  expect(status).toMatchObject({ code: 1, output: expect.stringContaining('node 1: down') });
  const start = await tool.start();
  expect(start).toMatchObject({ code: 1, output: expect.stringContaining('npm run kafka -- restart') });
  expect(await tool.state()).toMatchObject({ bootstrap: state.bootstrap, keeperPid: state.keeperPid });
}

/** The node runs again, where it did, as another process. */
async function expectBack(tool: KafkaTool, before: RunningCluster): Promise<void> {
  const state = await tool.state();
  expect(state).toMatchObject({ bootstrap: before.bootstrap, clusterDir: before.clusterDir });
  expect(pidOf(state, 1)).not.toBe(pidOf(before, 1));
  expect(await isAlive(pidOf(state, 1), state.clusterDir)).toBe(true);
}

function pidOf({ nodes }: RunningCluster, id: number): number {
  const node = nodes.find((each) => each.id === id);
  if (!node) throw new Error(`The state has no node ${id}`);
  return node.pid;
}
