import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { describeOnKafka } from '../../support/kafka.js';
import { type FaultCluster, startFaultCluster } from './fault-cluster.js';
import { FAULTS } from './faults.js';
import { Stage } from './stage.js';

jest.setTimeout(240_000);

/** Shorter than in a long run, `npm run faults`; also the calls of one stage see all of its faults. */
const EXTENT = { outageMs: 3_000, rejoins: 4, networkMs: 3_000 };

describeOnKafka('promises under faults', () => {
  let cluster: FaultCluster;
  beforeAll(async () => {
    cluster = await startFaultCluster();
  });
  afterAll(() => cluster.stop());

  describe.each([
    { where: 'in processes and brokers', ofNetwork: false },
    { where: 'in the network', ofNetwork: true },
  ])('$where', ({ ofNetwork }) => {
    let stage: Stage;
    beforeAll(async () => {
      const { bootstrap, proxiedBootstrap } = cluster.cluster;
      stage = await Stage.open(cluster.cluster, { bootstrap: ofNetwork ? proxiedBootstrap : bootstrap });
    });
    afterAll(() => stage.close());

    const faults = Object.entries(FAULTS).filter(
      ([, fault]) => !fault.longRunOnly && (fault.ofNetwork ?? false) === ofNetwork,
    );
    it.each(faults.map(([name, { guarantees, what }]) => [guarantees, name, what]))(
      '%s hold: %s (%s)',
      async (_, name) => {
        const { proxies } = cluster;

        const verdict = await stage.play(name, () => FAULTS[name].make({ stage, proxies, ...EXTENT }));

        const { history } = stage;
        expect({ history, violations: verdict.violations }).toEqual({ history, violations: [] });
      },
    );
  });
});
