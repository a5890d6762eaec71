import { randomBytes } from 'node:crypto';
import type { Case, LoadCase, Measurement, Processes, Place } from './case.js';
import { CASES, SHARED, WARM_UP } from './cases.js';
import type { CliOptions } from './cli-options.js';
import { Deployment } from './deployment.js';
import { measureIdle } from './drivers/idle.js';
import { measureLoad } from './drivers/load.js';
import { measureStartUp } from './drivers/start-up.js';
import { type Broker, type Environment, openPlace } from './environment.js';
import { type Load, shortened, sizeOf } from './loads/load.js';
import type { NatsServer } from './nats-server.js';
import { PEERS } from './peers.js';

const PLACES: readonly Place[] = ['near', 'far', 'default-delay'];
const QUICK_IDLE_SECONDS = 1;

export interface Row {
  readonly case: string;
  readonly peer: string;
  /** Of the rounds that count. */
  readonly measurements: Measurement[];
  /** How the peer's load differs from that of the others. */
  readonly note?: string;
}

export interface RunResult {
  readonly rows: readonly Row[];
  readonly remarks: readonly string[];
}

type Task = Pick<Row, 'case' | 'peer'>;

/** Measures all cases of all peers that can do them, in shuffled rounds of which the first does not count. */
export class BenchRun {
  private readonly rows = new Map<string, Row>();
  private readonly remarks: string[] = [];
  private readonly deployments = new Map<string, Deployment>();
  private started = 0;

  constructor(
    private readonly options: CliOptions,
    private readonly name: string,
    private readonly broker: Broker,
    private readonly nats: NatsServer | undefined,
  ) {}

  async run(): Promise<RunResult> {
    for (const place of PLACES) {
      const tasks = this.tasksAt(place);
      if (tasks.length > 0) await this.runAt(place, tasks);
    }
    return { rows: [...this.rows.values()], remarks: this.remarks };
  }

  private tasksAt(place: Place): Task[] {
    return this.options.cases
      .filter((name) => (CASES[name].place ?? 'near') === place)
      .flatMap((name) =>
        this.options.peers.filter((peer) => canDo(peer, name)).map((peer) => ({ case: name, peer })),
      );
  }

  private async runAt(place: Place, tasks: readonly Task[]): Promise<void> {
    const environment = await openPlace(place, this.broker);
    try {
      for (let round = 0; round <= this.options.rounds; round += 1) {
        for (const task of shuffled(tasks.filter(({ case: name }) => isInRound(CASES[name], round))))
          await this.measureAndKeep(task, round, environment);
      }
      const remark = environment.remark();
      if (remark) this.remarks.push(remark);
    } finally {
      for (const deployment of this.deployments.values()) deployment.kill();
      this.deployments.clear();
      await environment.close();
    }
  }

  private async measureAndKeep(task: Task, round: number, environment: Environment): Promise<void> {
    const at = performance.now();
    const measurement = await this.measure(task, environment).catch((error: unknown) => {
      throw new Error(`${task.case} of ${task.peer} has failed`, { cause: error });
    });
    const seconds = ((performance.now() - at) / 1_000).toFixed(1);
    console.error(`round ${round} of ${this.options.rounds}: ${task.case} ${task.peer}, ${seconds} s`);
    if (round === 0) return;
    const key = `${task.case} ${task.peer}`;
    const row = this.rows.get(key) ?? { ...task, measurements: [], note: this.noteOf(task) };
    this.rows.set(key, row);
    row.measurements.push(measurement);
  }

  private async measure({ case: name, peer }: Task, environment: Environment): Promise<Measurement> {
    const { quick } = this.options;
    const case_ = CASES[name];
    if (case_.driver === 'load' && case_.own)
      return this.measureOnItsOwn(case_, case_.own, peer, environment);
    const deployment = await this.deploymentOf(peer, environment);
    switch (case_.driver) {
      case 'load':
        return measureLoad(deployment, this.loadOf(case_, peer), case_);
      case 'idle':
        return measureIdle(deployment, quick ? QUICK_IDLE_SECONDS : case_.seconds);
      case 'start-up':
        return measureStartUp(deployment);
    }
  }

  private async measureOnItsOwn(
    case_: LoadCase,
    own: Processes,
    peer: string,
    environment: Environment,
  ): Promise<Measurement> {
    const deployment = await this.start(peer, environment, own);
    try {
      return await measureLoad(deployment, this.loadOf(case_, peer), case_);
    } finally {
      deployment.kill();
    }
  }

  private loadOf(case_: LoadCase, peer: string): Load {
    const load = case_.smaller?.[peer] ?? case_.load;
    return this.options.quick ? shortened(load) : load;
  }

  private noteOf({ case: name, peer }: Task): string | undefined {
    const case_ = CASES[name];
    if (case_.driver !== 'load' || !case_.smaller?.[peer]) return undefined;
    return `only ${sizeOf(this.loadOf(case_, peer))}`;
  }

  /** The processes of most cases, which live as long as their place: as warm as those of a real service. */
  private async deploymentOf(peer: string, environment: Environment): Promise<Deployment> {
    const deployment = this.deployments.get(peer) ?? (await this.start(peer, environment, SHARED));
    this.deployments.set(peer, deployment);
    return deployment;
  }

  private async start(
    peer: string,
    { brokers, proxyPort, brokerPid }: Environment,
    { servers, partitions, concurrency }: Processes,
  ): Promise<Deployment> {
    this.started += 1;
    const name = `${this.name}-${peer}-${this.started}`;
    const setting = { name, brokers, partitions, concurrency, proxyPort, natsUrl: this.nats?.url };
    const pids = { kafka: brokerPid, nats: this.nats?.pid, http: undefined };
    const deployment = await Deployment.start(peer, setting, { servers, brokerPid: pids[PEERS[peer].over] });
    await deployment.warmUp(this.options.quick ? shortened(WARM_UP) : WARM_UP);
    return deployment;
  }
}

/** What topics, groups and services of a run begin with. */
export const newRunName = (): string => `bench-${randomBytes(4).toString('hex')}`;

export function canDo(peer: string, caseName: string): boolean {
  return CASES[caseName].needs.every((ability) => PEERS[peer].does.includes(ability));
}

/** What starts processes of its own, or does nothing, has nothing to warm up. */
function isInRound(case_: Case, round: number): boolean {
  if (round > (case_.rounds ?? Infinity)) return false;
  return round > 0 || (case_.driver === 'load' && !case_.own);
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
