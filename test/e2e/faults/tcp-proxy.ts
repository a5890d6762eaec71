import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** One connection through the proxy. */
interface Link {
  readonly client: Socket;
  readonly broker: Socket;
}

/** A network between clients and one broker, which can be made slow, cut, or cut on one side. */
export class TcpProxy {
  private readonly links = new Set<Link>();
  private readonly server: Server;
  private delayMs = 0;
  private made = 0;

  private constructor(private readonly target: number) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.accept(client));
  }

  /** A proxy to a port of this machine. */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** How many connections were made so far. */
  get accepted(): number {
    return this.made;
  }

  /** What is sent from now on arrives so much later, in both directions; 0 for no delay. */
  delayBy(ms: number): void {
    this.delayMs = ms;
  }

  /** Resets all connections. New ones can be made. */
  cut(): void {
    for (const { client, broker } of this.links) {
      client.resetAndDestroy();
      broker.destroy();
    }
  }

  /**
   * Brokers see all connections end, clients do not: what they send arrives nowhere, and nothing comes back. New ones
   * can be made.
   */
  halfClose(): void {
    for (const { client, broker } of this.links) {
      broker.removeAllListeners('close');
      broker.destroy();
      client.removeAllListeners('data');
      client.resume();
    }
  }

  async close(): Promise<void> {
    this.server.close();
    this.cut();
  }

  private accept(client: Socket): void {
    const broker = connect({ port: this.target, host: '127.0.0.1', noDelay: true });
    const link = { client, broker };
    this.links.add(link);
    this.made += 1;
    this.pipe(client, broker);
    this.pipe(broker, client);
    client.on('close', () => {
      this.links.delete(link);
      broker.destroy();
    });
    broker.on('close', () => client.destroy());
  }

  /** Node's own pipe can neither wait nor let go. */
  private pipe(from: Socket, to: Socket): void {
    // A reset is an end like any other: 'close' follows.
    from.on('error', () => undefined);
    from.on('data', (bytes) => this.later(() => !to.destroyed && to.write(bytes)));
    from.on('end', () => this.later(() => !to.destroyed && to.end()));
  }

  /** Timers of one length fire in their order, but a shorter one must not overtake: so the delay changes no queue. */
  private later(action: () => void): void {
    if (this.delayMs === 0) action();
    else setTimeout(action, this.delayMs);
  }
}
