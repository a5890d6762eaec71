// A process of the benchmark: the server or the client of one peer. Talks with run.ts by IPC.
import { type Case, CASES, type Measurement } from './cases.js';
import { type Peer, type PeerClient, PAYLOAD } from './peers/peer.js';

const [role, peerName, brokers = ''] = process.argv.slice(2);
const peer = (await import(`./peers/${peerName}.js`)) as Peer;

if (role === 'server') {
  await peer.startServer(brokers.split(','));
} else {
  const client = await peer.startClient(brokers.split(','));
  process.on('message', (name: string) => {
    void measure(client, CASES[name]).then((measurement) => process.send?.(measurement));
  });
}
process.send?.('ready');

async function measure(client: PeerClient, { inFlight, calls, streamLength }: Case): Promise<Measurement> {
  const latencies: number[] = [];
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let left = calls;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const calledAt = performance.now();
      if (streamLength) await client.stream(streamLength);
      else await client.echo(PAYLOAD);
      latencies.push(performance.now() - calledAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  latencies.sort((a, b) => a - b);
  const answers = calls * (streamLength ?? 1);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  return { perSecond: answers / seconds, p50: at(0.5), p99: at(0.99), cpuMicros: (user + system) / answers };
}
