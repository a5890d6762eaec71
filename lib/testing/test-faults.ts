import type { DelayMs, RefusalCode } from './faults.js';
import type { SentFilter } from './sent-messages.js';
import type { TestApplications } from './test-applications.js';
import { onlyInMemory, type VirtualWorld } from './test-brokers.js';
import type { ReadingGroup, TestWorld } from './test-world.js';

/** Real time: what the start of an application needs for files and the like. */
const START_PATIENCE_MS = 250;

/** Makes things go wrong. Get it as `faults` of the tester. */
export class TestFaults {
  constructor(
    private readonly world: TestWorld,
    private readonly applications: TestApplications,
    private readonly virtual: VirtualWorld | undefined,
  ) {}

  /**
   * Messages reach the broker late from now on, all or those that are meant. Those of one sender and partition, and so of
   * one key, keep their order; others overtake each other if the delay is a range.
   */
  delay(ms: DelayMs, which?: SentFilter): void {
    this.world.faults.delay(ms, which);
  }

  /**
   * Messages are stored twice from now on, all or those that are meant, each with this probability: as after a lost
   * acknowledgement.
   */
  duplicate(which?: SentFilter, probability = 1): void {
    this.world.faults.duplicate(which, probability);
  }

  /**
   * The broker refuses messages from now on, all or those that are meant, or only so many of them: they are not stored, and
   * whoever sends them gets this error. `unavailable` stands for what may pass, as a partition without a leader after all
   * that a driver tries by itself. Messages that share a record with one that is meant are refused with it, and so are those
   * behind it in the same batch.
   */
  refuse(code: RefusalCode, which?: SentFilter, times = Number.POSITIVE_INFINITY): void {
    this.world.faults.refuse(code, which, times);
  }

  /** Ends `delay`, `duplicate` and `refuse`. */
  clear(): void {
    this.world.faults.clear();
  }

  /**
   * The broker does nothing from now on: no message arrives, and none is stored. Senders wait for 30 s and then fail, as
   * they do with a real one. Only on the memory broker.
   */
  async stopBroker(): Promise<void> {
    this.virtualWorld('stopBroker');
    this.world.faults.setBrokerStopped(true);
    await this.world.time.rest();
  }

  /** The broker goes on where it was stopped. */
  async startBroker(): Promise<void> {
    this.world.faults.setBrokerStopped(false);
    await this.world.time.rest();
  }

  /**
   * A service's sessions with the broker end: its partitions are given out anew, and it gets again what it has not committed,
   * as after a crash between handling and commit; its memory stays. Only on the memory broker.
   */
  async loseSession(service: string): Promise<void> {
    const { cluster } = this.virtualWorld('loseSession');
    for (const { group } of this.groupsOf(service)) cluster.groups.group(group).expireSessions();
    await this.world.time.rest();
  }

  /** Another instance joins the groups of a service, takes some of its partitions, and leaves again; it runs nothing. */
  async rebalance(service: string): Promise<void> {
    for (const { group, topics } of this.groupsOf(service)) {
      const guest = this.world.broker.createGroupConsumer(
        { clientId: `${service}/guest` },
        {
          groupId: group,
          topics: [...topics],
          startFrom: () => 'earliest',
          listener: { onBatch: () => undefined },
        },
      );
      await guest.start();
      await guest.close();
    }
    await this.world.time.rest();
  }

  /**
   * The process of a service dies at once, with its memory; nothing that it was about to send is sent. A new one is started.
   * The code of handlers that run cannot be stopped, but nothing of it reaches the broker any more.
   */
  async crash(service: string): Promise<void> {
    const start = await this.applications.crash(service);
    await this.world.time.rest();
    const restart = start();
    // In an exploration nobody else lets time pass meanwhile, and the broker may be stopped.
    await (this.virtual?.time.isDriven
      ? this.virtual.time.passUntil(restart, { patienceMs: START_PATIENCE_MS })
      : restart);
    await this.world.time.rest();
  }

  private groupsOf(service: string): ReadingGroup[] {
    this.applications.of(service);
    return this.world.groupsOfService(service);
  }

  private virtualWorld(method: string): VirtualWorld {
    if (this.virtual) return this.virtual;
    throw onlyInMemory(`faults.${method}`);
  }
}
