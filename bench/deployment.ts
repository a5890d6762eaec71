import { setTimeout as delay } from 'node:timers/promises';
import type { Setting } from './peers/peer.js';
import { type Ability, PEERS } from './peers.js';
import { type Load, TEXT_BYTES } from './loads/load.js';
import type { CommonCommands, Usage } from './processes/commands.js';
import { ProcessMeter } from './processes/process-meter.js';
import { WorkerProcess } from './processes/worker-process.js';

const SERVE_LIMIT_MS = 60_000;
const PROBE: Load = {
  kind: 'calls',
  op: 'echo',
  inFlight: 100,
  seconds: 0.1,
  bytes: TEXT_BYTES,
};

/** The usage of both sides. */
export interface Usages {
  readonly client: Usage;
  readonly servers: readonly Usage[];
  /** Of what stands between them, if it can be known. */
  readonly brokerCpuMicros?: number;
}

/** What a deployment consists of, beside its client. */
export interface Extent {
  readonly servers: number;
  /** Of what stands between client and servers, if it can be metered. */
  readonly brokerPid?: number;
}

/** A client and one or more servers of a peer, which serve. */
export class Deployment {
  private constructor(
    readonly peer: string,
    readonly client: WorkerProcess<'client'>,
    readonly servers: readonly WorkerProcess<'server'>[],
    private readonly setting: Setting,
    private readonly broker: ProcessMeter,
  ) {}

  static async start(
    peer: string,
    setting: Omit<Setting, 'instance'>,
    { servers: serverCount, brokerPid }: Extent,
  ): Promise<Deployment> {
    const [client, ...servers] = await Promise.all([
      WorkerProcess.start<'client'>('client', peer),
      ...Array.from({ length: serverCount }, () => WorkerProcess.start<'server'>('server', peer)),
    ] as [Promise<WorkerProcess<'client'>>, ...Promise<WorkerProcess<'server'>>[]]);
    const [address] = await Promise.all(
      servers.map((server, index) => server.ask('start', { ...setting, instance: `server-${index}` })),
    );
    const meeting = { ...setting, instance: '', address };
    const deployment = new Deployment(peer, client, servers, meeting, new ProcessMeter(brokerPid));
    await deployment.startClient(client, 'client');
    await deployment.everyServerServes();
    return deployment;
  }

  /** Resolves when a client, this one's or another, has had its first answer, where the peer has answers. */
  async startClient(client: WorkerProcess<'client'>, instance: string): Promise<void> {
    await client.ask('start', { ...this.setting, instance });
    if (!this.can('call')) return;
    // What raw consumers get before they know their first offset is lost, so one asks again.
    while (!(await client.ask('probe')));
  }

  /** V8 compiles what runs often, which takes some ten thousand calls. */
  async warmUp(load: Load): Promise<void> {
    if (this.can('call')) await this.client.ask('run', load);
  }

  can(ability: Ability): boolean {
    return PEERS[this.peer].does.includes(ability);
  }

  async begin(settings: Parameters<CommonCommands['begin']>[0]): Promise<void> {
    await Promise.all(this.servers.map((server) => server.ask('reset')));
    await Promise.all([this.client, ...this.servers].map((worker) => worker.ask('begin', settings)));
    await this.broker.begin();
  }

  async end(): Promise<Usages> {
    const [brokerCpuMicros, client, ...servers] = await Promise.all([
      this.broker.end(),
      this.client.ask('end'),
      ...this.servers.map((server) => server.ask('end')),
    ]);
    return { client, servers, brokerCpuMicros };
  }

  kill(): void {
    for (const worker of [this.client, ...this.servers]) worker.kill();
  }

  /** A group of several takes its time until each of them has a part of the partitions. */
  private async everyServerServes(): Promise<void> {
    const end = Date.now() + SERVE_LIMIT_MS;
    while (this.servers.length > 1) {
      await Promise.all(this.servers.map((server) => server.ask('reset')));
      await this.client.ask('run', PROBE);
      const handled = await Promise.all(this.servers.map((server) => server.ask('handled')));
      if (handled.every(({ calls }) => calls > 0)) return;
      if (Date.now() > end)
        throw new Error(`Not every server of ${this.peer} serves: ${JSON.stringify(handled)}`);
      await delay(100);
    }
  }
}
