import type { LoadCase, Measurement } from '../case.js';
import type { Deployment, Usages } from '../deployment.js';
import type { Load, LoadResult } from '../loads/load.js';
import { PEERS } from '../peers.js';
import type { Usage } from '../processes/commands.js';

const MB = 1_000_000;

export async function measureLoad(
  deployment: Deployment,
  load: Load,
  { watchMemory = false }: Pick<LoadCase, 'watchMemory'>,
): Promise<Measurement> {
  const { client, servers } = deployment;
  await deployment.begin({ watchMemory });
  client.onHeld = () => void Promise.all(servers.map((server) => server.ask('release')));
  const result = await client.ask('run', load);
  const handled = load.kind === 'events' ? await handledAll(deployment, result) : undefined;
  const usages = await deployment.end();
  const { p50, p95, p99, answers, bytesPerCall } = result;
  const ms = handled?.ms ?? result.ms;
  return {
    ...(load.kind === 'pending' ? { bytesPerCall } : { perSecond: (1_000 * answers) / ms, p50, p95, p99 }),
    ...cpuPerAnswer(usages, answers),
    ...(watchMemory && memory(usages)),
    ...(handled && { repeated: handled.repeated }),
    ...(load.kind === 'lanes' && { outOfOrder: await outOfOrderOf(deployment) }),
  };
}

/** Until the server has handled all one-way calls; it is asked while the last of them are under way. */
async function handledAll({ servers, peer }: Deployment, { answers, startedAt }: LoadResult) {
  const { repeated, lastEventAt } = await servers[0].ask('handledEvents', answers);
  promised(peer, repeated, 'has handled one-way calls twice');
  return { ms: lastEventAt - startedAt, repeated };
}

async function outOfOrderOf({ servers, peer }: Deployment): Promise<number> {
  const { outOfOrder } = await servers[0].ask('handled');
  promised(peer, outOfOrder, 'has handled requests out of the order of their key');
  return outOfOrder;
}

/** A peer that does not promise it is only reported. */
function promised(peer: string, times: number, what: string): void {
  if (times > 0 && PEERS[peer].keepsItsWord) throw new Error(`${peer} ${what}: ${times}`);
}

function cpuPerAnswer({ client, servers, brokerCpuMicros }: Usages, answers: number): Measurement {
  const clientCpu = client.cpuMicros / answers;
  const serverCpu = servers.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0) / answers;
  const brokerCpu = brokerCpuMicros === undefined ? undefined : brokerCpuMicros / answers;
  return { clientCpu, serverCpu, cpu: clientCpu + serverCpu, ...(brokerCpu !== undefined && { brokerCpu }) };
}

function memory({ client, servers }: Usages): Measurement {
  const greatest = (what: 'rss' | 'heap', of: readonly Usage[]) =>
    Math.max(...of.map((usage) => usage[what])) / MB;
  return {
    clientRss: greatest('rss', [client]),
    clientHeap: greatest('heap', [client]),
    serverRss: greatest('rss', servers),
    serverHeap: greatest('heap', servers),
  };
}
