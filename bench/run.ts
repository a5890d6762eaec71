// npm run bench [-- case … --peers a,b --rounds N --quick | --profile case]; see README.md
import { BenchRun, newRunName } from './bench-run.js';
import { CASES } from './cases.js';
import { type CliOptions, readOptions } from './cli-options.js';
import { type Broker, findBroker } from './environment.js';
import { findNats, type NatsServer } from './nats-server.js';
import { PEERS } from './peers.js';
import { killWorkers } from './processes/worker-process.js';
import { profileCase } from './profile/profile-case.js';
import { describeMachine } from './report/machine.js';
import { markdownOf, type Report, writeReport } from './report/report.js';

process.on('exit', killWorkers);
// Brokers end with this process, however that ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    console.error(`Interrupted by ${signal}`);
    process.exit(1);
  });

const args = process.argv.slice(2);
const run = newRunName();
let broker: Broker | undefined;
let nats: NatsServer | undefined;
try {
  const options = readOptions(args);
  broker = await findBroker(run);
  if (options.profile) await profileCase(options.profile, run, broker, options.quick);
  else await bench(options, broker);
} catch (error) {
  console.error(chainOf(error));
  process.exitCode = 1;
} finally {
  killWorkers();
  nats?.stop();
  await broker?.stop();
}

/** The messages of an error and what has caused it. */
function chainOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${chainOf(error.cause)}`;
}

async function bench(asked: CliOptions, kafka: Broker): Promise<void> {
  const peers = await availablePeers(asked);
  const machine = describeMachine(kafka.version, nats?.version);
  const start = performance.now();
  const options = { ...asked, peers };
  const result = await new BenchRun(options, run, kafka, nats).run();
  const report: Report = {
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    date: new Date().toISOString().slice(0, 10),
    minutes: (performance.now() - start) / 60_000,
    machine,
    options,
    result,
  };
  console.log(markdownOf(report));
  console.error(await writeReport(report, isComplete(asked)));
}

async function availablePeers({ peers }: CliOptions): Promise<readonly string[]> {
  const onNats = peers.filter((peer) => PEERS[peer].over === 'nats');
  if (onNats.length === 0) return peers;
  nats = await findNats();
  if (nats) return peers;
  console.error(
    `Without ${onNats.join(', ')}: set NATS_URL, or put nats-server (Debian's package) in the path`,
  );
  return peers.filter((peer) => !onNats.includes(peer));
}

function isComplete({ cases, peers, quick }: CliOptions): boolean {
  const all = cases.length === Object.keys(CASES).length && peers.length === Object.keys(PEERS).length;
  return all && !quick;
}
