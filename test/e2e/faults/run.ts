// npm run faults [-- fault …]
//
// Makes each fault, one after the other, in the midst of traffic over a real cluster of three nodes, checks the
// recorded histories, and writes what came of it to bench/results/faults.md and .json. Fails if a promise was broken.
import { FAULTS } from './faults.js';
import { startFaultCluster } from './fault-cluster.js';
import { report, type Row } from './report.js';
import { Stage } from './stage.js';

const EXTENT = { outageMs: 30_000, rejoins: 8, networkMs: 15_000 };

const names = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(FAULTS);
const unknown = names.filter((name) => !Object.hasOwn(FAULTS, name));
if (unknown.length > 0)
  throw new Error(`No fault ${unknown.join(', ')}; there are ${Object.keys(FAULTS).join(', ')}`);

const rows: Row[] = [];
const { cluster, proxies, stop } = await startFaultCluster();
try {
  for (const name of names) rows.push({ name, ...FAULTS[name], ...(await played(name)) });
} finally {
  await stop();
}
await report(rows, names.length === Object.keys(FAULTS).length ? [] : names);
process.exitCode = rows.some(({ violations }) => violations.length > 0) ? 1 : 0;

/** A stage of its own for each fault: none has to do with what another has left behind. */
async function played(name: string) {
  const fault = FAULTS[name];
  const bootstrap = fault.ofNetwork ? cluster.proxiedBootstrap : cluster.bootstrap;
  const stage = await Stage.open(cluster, { bootstrap });
  try {
    const verdict = await stage.play(name, () => fault.make({ stage, proxies, ...EXTENT }));
    console.log(name, { ...verdict, violations: verdict.violations.length });
    for (const violation of verdict.violations.slice(0, 20)) console.log(`  ${violation}`);
    if (verdict.violations.length > 0) console.log(`  The history: ${stage.history}`);
    return verdict;
  } finally {
    await stage.close();
  }
}
