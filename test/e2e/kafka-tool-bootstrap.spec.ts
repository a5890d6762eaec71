import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Cluster, startCluster } from '../../tools/kafka/cluster.mjs';
import { isAlive } from '../../tools/kafka/processes.mjs';
import { KafkaTool, START_MS, describeWithKafkaTool } from './kafka-tool.js';

const NOBODY = '127.0.0.1:1';

describeWithKafkaTool('the Kafka tool where KAFKA_BOOTSTRAP is set', () => {
  let foreign: Cluster;
  beforeAll(async () => {
    foreign = await startCluster();
  }, START_MS);
  afterAll(() => foreign.stop());

  it(
    'knows its own broker by it, and ends it',
    async () => {
      await using tool = await KafkaTool.create();
      await tool.start();
      const state = await tool.state();
      const { port, pid } = state.nodes[0];

      for (const own of [state.bootstrap, `localhost:${port}`]) {
        const status = await tool.run('status', own);
        expect(status).toMatchObject({ code: 0, output: expect.stringContaining(`pid ${pid}`) });
        expect(status.output).not.toContain('another broker');
      }
      const again = await tool.run('start', state.bootstrap);
      expect(again).toMatchObject({ code: 0, output: expect.stringContaining('running already') });

      const stop = await tool.run('stop', state.bootstrap);
      expect(stop).toMatchObject({ code: 0, output: expect.stringContaining('unset KAFKA_BOOTSTRAP') });
      await tool.expectEnded(state);
      expect(await tool.run('start', state.bootstrap)).toMatchObject({
        code: 1,
        output: expect.stringContaining('unset KAFKA_BOOTSTRAP'),
      });
    },
    START_MS,
  );

  it(
    'deals with its own broker where it names another one, and says so',
    async () => {
      await using tool = await KafkaTool.create();
      await tool.start();
      const state = await tool.state();

      const status = await tool.run('status', foreign.bootstrap);
      expect(status).toMatchObject({
        code: 0,
        output: expect.stringContaining(`pid ${state.nodes[0]?.pid}`),
      });
      expect(status.output).toContain(`KAFKA_BOOTSTRAP=${foreign.bootstrap} names another broker`);
      const unanswered = await tool.run('status', NOBODY);
      expect(unanswered).toMatchObject({ code: 0, output: expect.stringContaining('no broker answers') });

      const stop = await tool.run('stop', foreign.bootstrap);
      expect(stop).toMatchObject({ code: 0, output: expect.stringContaining('left alone') });
      await tool.expectEnded(state);
      await expectForeignAlive();
    },
    START_MS,
  );

  it('asks a broker of somebody else and does nothing to it', async () => {
    await using tool = await KafkaTool.create();
    for (const command of ['start', 'status']) {
      const answer = await tool.run(command, foreign.bootstrap);
      expect(answer).toMatchObject({ code: 0, output: expect.stringContaining('1 broker') });
      const silence = await tool.run(command, NOBODY);
      expect(silence).toMatchObject({ code: 1, output: expect.stringContaining('no broker answers') });
    }
    for (const [command, done] of [
      ['stop', 'stopped'],
      ['kill', 'killed'],
      ['restart', 'restarted'],
    ] as const) {
      const { code, output } = await tool.run(command, foreign.bootstrap);
      expect(code).toBe(1);
      expect(output).toContain(`Nothing was ${done}`);
      expect(output).toContain(`KAFKA_BOOTSTRAP=${foreign.bootstrap}`);
    }
    await expectForeignAlive();
  });

  async function expectForeignAlive() {
    const { pid } = foreign.nodes[0];
    expect(await isAlive(pid, foreign.clusterDir)).toBe(true);
  }
});
