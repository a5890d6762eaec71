import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Admin } from 'nestjs-async-calls';
import { kafkaBootstrap, uniqueName, waitFor } from '../support/kafka.js';
import type { SubscriberCommands, SubscriberSettings } from './apps/subscriber.app.js';
import { Timeline } from './faults/checker/timeline.js';
import { readHistory } from './faults/history/read-history.js';
import { Recorder } from './faults/history/recorder.js';
import { uncommitted } from './faults/stored-requests.js';
import { AppProcess, type Processes } from './processes.js';

/** The least that a default broker allows: so long the events of a killed instance wait for another one. */
const SESSION_TIMEOUT_MS = 6_000;

/** A service of several processes that subscribes to a topic. What they do is written down. */
export class SubscribingService {
  readonly name = uniqueName('subscriber');
  private readonly instances = new Map<string, AppProcess<SubscriberCommands>>();
  /** Processes that run, and have not joined. */
  private readonly spare: { readonly name: string; readonly process: AppProcess<SubscriberCommands> }[] = [];
  private launched = 0;

  private constructor(
    private readonly processes: Processes,
    private readonly admin: Admin,
    private readonly topic: string,
    private readonly history: string,
  ) {}

  /** Resolves when each of so many instances has its share of the topic; another one is ready to join. */
  static async start(
    processes: Processes,
    admin: Admin,
    topic: string,
    instances: number,
  ): Promise<SubscribingService> {
    const history = await mkdtemp(join(tmpdir(), 'async-calls-events-'));
    const service = new SubscribingService(processes, admin, topic, history);
    processes.add({ end: () => rm(history, { recursive: true }) });
    // One by one: a machine of few cores cannot start many in time.
    for (let count = 0; count <= instances; count += 1) await service.launch();
    for (let count = 0; count < instances; count += 1) await service.joinOne();
    await service.isSpread();
    return service;
  }

  /** An instance joins; resolves when it is a settled member of its group. */
  async joinOne(): Promise<void> {
    const { name, process } = this.spare.shift()!;
    await process.ask('join', undefined);
    this.instances.set(name, process);
  }

  /** `kill -9` of the oldest instance; resolves with its name. */
  async killOne(): Promise<string> {
    const [[name, process]] = this.instances;
    await process.signal('SIGKILL');
    new Recorder(this.history, name).record({ kind: 'killed' });
    this.instances.delete(name);
    return name;
  }

  /** Resolves when all instances share the topic evenly. */
  async isSpread(): Promise<void> {
    const isEven = async () => {
      const [{ partitions }] = await this.admin.describeTopics([this.topic]);
      const { state, members } = await this.admin.describeGroup(this.name);
      const shares = members.map(
        ({ assignment }) => assignment.filter(({ topic }) => topic === this.topic).length,
      );
      const share = partitions.length / this.instances.size;
      return (
        state === 'stable' && shares.length === this.instances.size && shares.every((each) => each === share)
      );
    };
    await waitFor(isEven, { what: `the topic to be spread over ${this.name}`, timeoutMs: 30_000 });
  }

  /** What it has done so far. */
  async timeline(): Promise<Timeline> {
    return new Timeline(await readHistory(this.history));
  }

  /** What it has done when it has committed all events that the topic holds. */
  async wholeTimeline(): Promise<Timeline> {
    const behind = await uncommitted(this.admin, this.name, this.topic);
    if (behind.length > 0) throw new Error(`${this.name} does not commit ${behind.join(', ')}`);
    return this.timeline();
  }

  private async launch(): Promise<void> {
    const instance = `${this.name}-${(this.launched += 1)}`;
    const { name: service, history, topic } = this;
    const settings: SubscriberSettings = {
      service,
      instance,
      history,
      topic,
      brokers: kafkaBootstrap() ?? [],
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    };
    const process = await AppProcess.start<SubscriberCommands>(this.processes, 'apps/subscriber', settings);
    this.spare.push({ name: instance, process });
  }
}
