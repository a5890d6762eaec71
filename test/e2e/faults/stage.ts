import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Admin } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import type { Cluster } from '../../../tools/kafka/cluster.mjs';
import { uniqueName } from '../../support/unique-name.js';
import { waitFor } from '../../support/wait-for.js';
import { AppProcess, Processes } from '../processes.js';
import type { ClientCommands } from './apps/client.app.js';
import type { ServerCommands } from './apps/server.app.js';
import type { StageSettings } from './apps/settings.js';
import { checkHistory, type Verdict } from './checker/check-history.js';
import { CommittedSampler } from './committed-sampler.js';
import { readHistory } from './history/read-history.js';
import { Recorder } from './history/recorder.js';
import { seriesOf } from './history/series.js';
import { recordStored, uncommitted } from './stored-requests.js';

const SERVERS = 3;
const CLIENTS = 2;
const PARTITIONS = 6;

/** What a stage may differ in. */
export interface StageOptions {
  /** What the processes connect to. Default: the cluster's own. */
  readonly bootstrap?: string;
  /** See {@link StageSettings}. Default 200. */
  readonly drainDelayMs?: number;
}

/** A process on the stage. */
export interface Actor<C extends ServerCommands | ClientCommands> {
  readonly name: string;
  readonly process: AppProcess<C>;
}

export type Server = Actor<ServerCommands>;
export type Client = Actor<ClientCommands>;

/** A service of three instances and two callers on one cluster, whose every step is written down. */
export class Stage {
  readonly service = uniqueName('service');
  readonly topic = `${this.service}.requests`;
  readonly servers = new Set<Server>();
  readonly clients = new Set<Client>();
  private readonly processes = new Processes();
  private readonly broker;
  private readonly admin: Admin;
  private readonly recorder: Recorder;
  private started = 0;
  private readonly launched: { readonly name: string; readonly process: { readonly log: string } }[] = [];
  /** Whether nothing has gone wrong. */
  private isSound = true;
  /** Of the traffic there is now. */
  private series: string | undefined;
  private sampler: CommittedSampler | undefined;

  private constructor(
    readonly cluster: Cluster,
    /** What the processes connect to. */
    private readonly bootstrap: string,
    /** The folder in which all is written down. */
    readonly history: string,
    private readonly drainDelayMs: number,
  ) {
    this.broker = kafkajs({ brokers: cluster.bootstrap.split(',') });
    this.admin = this.broker.createAdmin({ clientId: 'stage' });
    this.recorder = new Recorder(history, 'stage');
  }

  /** Resolves when all instances serve and all callers are connected. */
  static async open(
    cluster: Cluster,
    { bootstrap = cluster.bootstrap, drainDelayMs = 200 }: StageOptions = {},
  ): Promise<Stage> {
    const history = await mkdtemp(join(tmpdir(), 'async-calls-faults-'));
    const stage = new Stage(cluster, bootstrap, history, drainDelayMs);
    await stage.complete();
    stage.sampler = new CommittedSampler(stage.admin, stage.service, stage.topic, stage.recorder);
    return stage;
  }

  /**
   * Makes a fault in the midst of traffic, waits until all of the traffic is over and committed, and checks what was
   * written down. Afterwards all is as it was before.
   */
  async play(series: string, makeFault: (stage: Stage) => Promise<void>): Promise<Verdict> {
    this.series = series;
    const wasSound = this.isSound;
    this.isSound = false;
    for (const client of this.clients) await client.process.ask('start', series);
    await this.goesOn();
    await makeFault(this);
    await this.goesOn();
    this.series = undefined;
    const verdict = await this.checked(series);
    await this.complete();
    this.isSound = wasSound && verdict.violations.length === 0;
    return verdict;
  }

  private async checked(series: string): Promise<Verdict> {
    await this.isOver();
    const behind = await uncommitted(this.admin, this.service, this.topic);
    await recordStored(this.broker, this.admin, this.topic, series, this.recorder);
    const verdict = checkHistory(seriesOf(await readHistory(this.history), series));
    return { ...verdict, violations: [...verdict.violations, ...behind.map((what) => `it stops: ${what}`)] };
  }

  /** Resolves once every caller has seen more responses. */
  async goesOn(more = 50): Promise<void> {
    await Promise.all(
      [...this.clients].map(async ({ name, process }) => {
        const { received } = await process.ask('progress', undefined);
        await waitFor(async () => (await process.ask('progress', undefined)).received >= received + more, {
          what: `${name} to see ${more} more responses`,
          timeoutMs: 60_000,
        });
      }),
    );
  }

  async startServer(): Promise<Server> {
    const server = await this.launch<ServerCommands>('server');
    await server.process.ask('join', undefined);
    this.servers.add(server);
    return server;
  }

  /** Starts a caller; if there is traffic it takes part in it. */
  async startClient(): Promise<Client> {
    const client = await this.launch<ClientCommands>('client');
    await client.process.ask('connect', undefined);
    if (this.series !== undefined) await client.process.ask('start', this.series);
    this.clients.add(client);
    return client;
  }

  /** `kill -9`, of an instance or a caller. */
  async kill(actor: Server | Client): Promise<void> {
    await actor.process.signal('SIGKILL');
    this.record('killed', actor);
    this.servers.delete(actor as Server);
    this.clients.delete(actor as Client);
  }

  /** SIGTERM; resolves with the exit code, or with the signal that has ended it. */
  async terminate(server: Server): Promise<NodeJS.Signals | number> {
    this.servers.delete(server);
    return server.process.end();
  }

  /** Lets a process stand still, until it is thawed. */
  async freeze(actor: Server): Promise<void> {
    this.record('frozen', actor);
    await actor.process.signal('SIGSTOP');
  }

  async thaw(actor: Server): Promise<void> {
    this.record('thawed', actor);
    await actor.process.signal('SIGCONT');
  }

  /** An instance leaves in an orderly way, and joins again. */
  async rejoin({ process }: Server): Promise<void> {
    await process.ask('leave', undefined);
    await process.ask('join', undefined);
  }

  /** `kill -9` of a node. */
  async killNode(id: number): Promise<void> {
    await this.cluster.killNode(id);
    new Recorder(this.history, `node-${id}`).record({ kind: 'killed' });
  }

  /** An instance that has requests under way at this moment. */
  async busyServer(): Promise<Server> {
    return waitFor(
      async () => {
        for (const server of this.servers)
          if ((await server.process.ask('running', undefined)) > 1) return server;
        return undefined;
      },
      { what: 'an instance with requests under way' },
    );
  }

  /** The node that leads a partition; a group's offsets and members are with the leader of theirs. */
  async leaderOf(topic: string, partition: number): Promise<number> {
    return waitFor(
      async () => {
        const [description] = await this.admin.describeTopics([topic]);
        return description?.partitions.find((each) => each.partition === partition)?.leader;
      },
      { what: `a leader of ${topic}[${partition}]` },
    );
  }

  async partitionsOf(topic: string): Promise<number> {
    const [description] = await this.admin.describeTopics([topic]);
    return description?.partitions.length ?? 0;
  }

  /** Resolves when no replica lags behind: only then may the next node go. */
  async allInSync(): Promise<void> {
    await waitFor(
      async () => {
        const topics = await this.admin.describeTopics();
        return topics.every(({ partitions }) =>
          partitions.every(({ replicas, inSyncReplicas }) => inSyncReplicas.length === replicas.length),
        );
      },
      { what: 'all replicas in sync', timeoutMs: 60_000 },
    );
  }

  /** Ends all processes; removes the history, unless something went wrong: then their logs are put beside it. */
  async close(): Promise<void> {
    await this.sampler?.stop();
    await this.admin.close();
    await this.processes.end();
    if (this.isSound) await rm(this.history, { recursive: true });
    else
      await Promise.all(
        this.launched.map(({ name, process }) => writeFile(join(this.history, `${name}.log`), process.log)),
      );
  }

  /** Everyone is there, and partitions are spread evenly. */
  private async complete(): Promise<void> {
    const missing = <T>(count: number, start: () => Promise<T>) =>
      Array.from({ length: Math.max(0, count) }, start);
    await Promise.all([
      ...missing(SERVERS - this.servers.size, () => this.startServer()),
      ...missing(CLIENTS - this.clients.size, () => this.startClient()),
    ]);
    await this.allInSync();
    await waitFor(() => this.isSpread(), { what: 'the partitions to be spread evenly', timeoutMs: 30_000 });
  }

  private async isSpread(): Promise<boolean> {
    const { state, members } = await this.admin.describeGroup(this.service);
    const share = PARTITIONS / this.servers.size;
    return (
      state === 'stable' &&
      members.length === this.servers.size &&
      members.every(({ assignment }) => assignment.length === share)
    );
  }

  private async isOver(): Promise<void> {
    await Promise.all(
      [...this.clients].map(async ({ name, process }) => {
        await process.ask('stop', undefined);
        await waitFor(async () => (await process.ask('progress', undefined)).inFlight === 0, {
          what: `every call of ${name} to be over`,
          timeoutMs: 120_000,
        });
      }),
    );
  }

  private async launch<C extends ServerCommands | ClientCommands>(role: string): Promise<Actor<C>> {
    const name = `${role}-${++this.started}`;
    const settings: StageSettings = {
      service: this.service,
      brokers: this.bootstrap.split(','),
      name,
      history: this.history,
      drainDelayMs: this.drainDelayMs,
    };
    const process = await AppProcess.start<C>(this.processes, `faults/apps/${role}`, settings);
    this.launched.push({ name, process });
    return { name, process };
  }

  private record(kind: 'killed' | 'frozen' | 'thawed', { name }: Server | Client): void {
    new Recorder(this.history, name).record({ kind });
  }
}
