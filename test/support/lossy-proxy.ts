import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const PRODUCE = 0;

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Stands between a client and the brokers, and loses the acknowledgements of what they have stored. */
export class LossyProxy implements AsyncDisposable {
  /** How many acknowledgements it will lose. */
  toLose = 0;
  /** How many it has lost, each with its connection. */
  lost = 0;
  private readonly servers = new Map<string, Server>();
  private readonly sockets = new Set<Socket>();

  /** A proxy before each of the brokers, which are not told of it: see {@link socketFactory}. */
  static async before(brokers: readonly Address[]): Promise<LossyProxy> {
    const proxy = new LossyProxy();
    for (const { host, port } of brokers) {
      if (proxy.servers.has(`${host}:${port}`)) continue;
      const server = createServer((client) => proxy.relay(client, connect({ host, port })));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      proxy.servers.set(`${host}:${port}`, server);
    }
    return proxy;
  }

  /** The option of kafkajs: connections to the brokers go through the proxy. */
  readonly socketFactory = ({ host, port, onConnect }: Address & { onConnect: () => void }): Socket => {
    const server = this.servers.get(`${host}:${port}`);
    if (server === undefined) throw new Error(`there is no proxy before ${host}:${port}`);
    return connect((server.address() as AddressInfo).port, '127.0.0.1', onConnect);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const closed = [...this.servers.values()].map(
      (server) => new Promise((resolve) => server.close(resolve)),
    );
    await Promise.all(closed);
  }

  private relay(client: Socket, broker: Socket): void {
    const produces = new Set<number>();
    const cut = () => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      this.sockets.add(socket);
      socket.on('error', cut).on('close', cut);
    }
    eachFrame(client, (frame) => {
      if (frame.readInt16BE(4) === PRODUCE) produces.add(frame.readInt32BE(8));
      broker.write(frame);
    });
    eachFrame(broker, (frame) => {
      // The broker answers what it has stored: with `acks=all`, in every in-sync replica.
      const isLost = produces.delete(frame.readInt32BE(4)) && this.toLose > 0;
      if (!isLost) return void client.write(frame);
      this.toLose -= 1;
      this.lost += 1;
      cut();
    });
  }
}

/** Requests and answers begin with their length. */
function eachFrame(socket: Socket, take: (frame: Buffer) => void): void {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
      const size = 4 + pending.readInt32BE(0);
      take(pending.subarray(0, size));
      pending = pending.subarray(size);
    }
  });
}
