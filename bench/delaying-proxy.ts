import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface DelayingProxy {
  readonly port: number;
  /** What was waited on average in one direction so far, in milliseconds: timers are never early, often late. */
  meanDelayMs(): number;
  close(): void;
}

/** Delays what passes, in each direction. A client says first, in a line, where it wants to go: `host:port`. */
export async function startDelayingProxy(delayMs: number): Promise<DelayingProxy> {
  const waited = { ms: 0, chunks: 0 };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    sockets.add(client);
    client.once('data', (first: Buffer) => {
      const end = first.indexOf('\n');
      const [host, port] = first.subarray(0, end).toString().split(':');
      const broker = connect({ host, port: Number(port), noDelay: true });
      sockets.add(broker);
      const forward = delayed(client, broker, delayMs, waited);
      delayed(broker, client, delayMs, waited);
      if (end + 1 < first.length) forward(first.subarray(end + 1));
    });
    client.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    meanDelayMs: () => waited.ms / Math.max(1, waited.chunks),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** From one socket to another, in order. Returns what takes a chunk on the way. */
function delayed(from: Socket, to: Socket, delayMs: number, waited: { ms: number; chunks: number }) {
  const forward = (chunk: Buffer) => {
    const cameAt = performance.now();
    setTimeout(() => {
      waited.ms += performance.now() - cameAt;
      waited.chunks += 1;
      to.write(chunk);
    }, delayMs);
  };
  from.on('data', forward);
  from.on('error', () => from.destroy());
  from.on('close', () => setTimeout(() => to.destroy(), delayMs));
  return forward;
}
