import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerError } from '../broker-error.js';
import type { TopicPartition } from '../record.js';
import { Backoff } from './backoff.js';
import type { Cluster } from './cluster.js';
import { isHopeless, typeOf } from './errors.js';
import { GroupCoordinator, type MembershipOptions } from './group-coordinator.js';
import type { Assignment } from './group-protocol.js';

/** What the membership tells the consumer it belongs to. */
export interface MembershipListener {
  /** What this member owns at the moment. */
  owned(): readonly TopicPartition[];
  /**
   * Brings what is owned in line with what is assigned; true if something was given up, for which the
   * group has to be joined again. Never rejects. `urgent` is aborted when this should end soon: the
   * group has changed again, or the partitions are lost.
   */
  onAssignment(assignment: Assignment, urgent: AbortSignal): Promise<boolean>;
  /** The group has just heard of this member: what it owns is its own, also if its session seemed to be over. */
  onContact(): void;
  /** Everything that is owned is another member's, or may be. */
  onLost(): void;
  /** The group is changing, or has settled. */
  onChanging(changing: boolean): void;
  /** The coordinator does not work; `undefined` once it does again. */
  onTrouble(trouble: BrokerError | undefined): void;
  /** The group was never joined, and no waiting repairs that: the membership has ended. */
  onFailure(error: BrokerError): void;
}

/** After a change others often follow, e.g. in a deployment: they are noticed soon. */
const LIVELY_MS = 5_000;
const LIVELY_INTERVAL_MS = 200;
/** While a partition is withheld until its owner has given it up. */
const WAITING_INTERVAL_MS = 100;

/**
 * Membership in a consumer group: join, heartbeats, again and again. Heartbeats have a timer and a
 * connection of their own and depend on nothing else. A join waits for the slowest member; partitions
 * that stay are consumed, and their offsets committed, meanwhile.
 */
export class GroupMembership {
  private readonly coordinator: GroupCoordinator;
  private readonly backoff = new Backoff();
  private readonly ended = new AbortController();
  /** Aborted to cut the pause between two heartbeats short. */
  private alarm = new AbortController();
  private urgent = new AbortController();
  private lastContact = 0;
  private livelyUntil = 0;
  private joinStarted = 0;
  private joining: Promise<unknown> | undefined;
  private applying = false;
  /** When the loop last got round; 0 before it has begun. */
  private turnedAt = 0;
  private joinsSinceSettled = 0;
  private hasJoined = false;
  private rejoinWanted = false;
  private settled = true;
  private closing = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly options: MembershipOptions,
    private readonly listener: MembershipListener,
  ) {
    this.coordinator = new GroupCoordinator(cluster, options);
  }

  get memberId(): string {
    return this.coordinator.memberId;
  }

  /** Of the last assignment; -1 if there is none. */
  get generation(): number {
    return this.coordinator.generation;
  }

  /** How often the group was joined since this member was last settled in it. */
  get joins(): number {
    return this.joinsSinceSettled;
  }

  /** When the group last heard of this member, in milliseconds since the epoch; `undefined` if it never has. */
  get lastContactAt(): number | undefined {
    return this.lastContact || undefined;
  }

  /** Since when the loop stands still, in milliseconds since the epoch; `undefined` if it does not run. */
  get polledAt(): number | undefined {
    if (this.turnedAt === 0 || this.isOver()) return undefined;
    // Both wait for others, who are bounded.
    if (this.applying || (this.joining !== undefined && !this.isJoinOverdue())) return Date.now();
    return Math.max(this.turnedAt, this.cluster.lastConnectFailureAt);
  }

  /** Takes part in the group until {@link leave}, or until something fails for good. */
  async run(): Promise<void> {
    while (!this.isOver()) {
      this.turnedAt = Date.now();
      try {
        await this.round();
        this.backoff.succeeded();
      } catch (error) {
        await this.recover(error as BrokerError);
      }
    }
  }

  /** Whether the group has given this member's partitions away by now, as far as a clock can tell. */
  isExpired(): boolean {
    if (this.generation < 0) return false;
    // Who has asked to join is kept: the answer takes as long as the slowest member.
    if (this.joining !== undefined) return this.isJoinOverdue();
    return Date.now() - this.lastContact > this.options.sessionTimeoutMs;
  }

  /** See `GroupConsumer.subscribe`. */
  subscribe(topics: readonly string[]): void {
    const { coordinator } = this;
    const wanted = new Set(topics);
    if (wanted.size === coordinator.topics.size && topics.every((topic) => coordinator.topics.has(topic)))
      return;
    coordinator.topics = wanted;
    // Before the first join, and during one, there is nothing to hurry: `round` looks again.
    if (this.hasJoined && this.joining === undefined) this.wantRejoin();
  }

  /** Sends a heartbeat now. */
  hurry(): void {
    this.alarm.abort();
  }

  /** Resolves when no join is under way; true if one was. */
  async joined(): Promise<boolean> {
    const { joining } = this;
    await joining?.catch(() => undefined);
    return joining !== undefined;
  }

  /** No partitions are taken on any more; heartbeats go on. */
  stopJoining(): void {
    this.closing = true;
    this.urgent.abort();
  }

  /** Leaves the group, so that others get the partitions at once, and ends. */
  async leave(): Promise<void> {
    this.closing = true;
    this.end();
    await this.coordinator.leave();
  }

  private isOver(): boolean {
    return this.ended.signal.aborted;
  }

  private isJoinOverdue(): boolean {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.options;
    return Date.now() - this.joinStarted > rebalanceTimeoutMs + sessionTimeoutMs;
  }

  private end(): void {
    this.ended.abort();
    this.urgent.abort();
    this.hurry();
  }

  private async round(): Promise<void> {
    if (this.closing) return this.end();
    this.listener.onChanging(true);
    const { topics } = this.coordinator;
    const assignment = await this.join();
    this.rejoinWanted = topics !== this.coordinator.topics;
    this.settled = assignment.settled;
    this.urgent = new AbortController();
    const applied = this.closing ? Promise.resolve() : this.apply(assignment);
    this.listener.onContact();
    try {
      await this.beat(applied);
    } catch (error) {
      this.urgent.abort();
      if ((error as BrokerError).fenced) this.forget(error as BrokerError);
      throw error;
    } finally {
      // One assignment after the other: the listener may still be busy with this one.
      this.applying = true;
      await applied;
      this.applying = false;
    }
  }

  private async join(): Promise<Assignment> {
    this.joinStarted = Date.now();
    const joining = (this.joining = this.coordinator.join(this.listener.owned()));
    try {
      const assignment = await joining;
      this.hasJoined = true;
      this.joinsSinceSettled += 1;
      this.lastContact = Date.now();
      this.livelyUntil = this.lastContact + LIVELY_MS;
      this.listener.onTrouble(undefined);
      return assignment;
    } finally {
      this.joining = undefined;
    }
  }

  private async apply(assignment: Assignment): Promise<void> {
    const hasRevoked = await this.listener.onAssignment(assignment, this.urgent.signal);
    if (hasRevoked) this.wantRejoin();
    else if (!this.rejoinWanted) {
      if (assignment.settled) this.joinsSinceSettled = 0;
      this.listener.onChanging(!assignment.settled);
    }
  }

  /** Heartbeats, until the assignment was applied and the group has to be joined again. */
  private async beat(applied: Promise<void>): Promise<void> {
    let isApplied = false;
    void applied.then(() => {
      isApplied = true;
      if (this.rejoinWanted) this.hurry();
    });
    const isDone = () => this.isOver() || (this.rejoinWanted && isApplied && !this.closing);
    while (!isDone()) {
      this.turnedAt = Date.now();
      await this.interval();
      if (isDone()) return;
      await this.heartbeat();
      // Not awaited: no heartbeat is to wait for it.
      if (!this.rejoinWanted)
        void this.coordinator.hasNewPartitions().then((has) => has && this.wantRejoin());
    }
  }

  private async interval(): Promise<void> {
    const { heartbeatIntervalMs } = this.options;
    const lively = Date.now() < this.livelyUntil ? LIVELY_INTERVAL_MS : heartbeatIntervalMs;
    const ms = this.settled ? lively : WAITING_INTERVAL_MS;
    if (this.backoff.failures === 0)
      await sleep(Math.min(ms, heartbeatIntervalMs), undefined, { signal: this.alarm.signal }).catch(
        () => undefined,
      );
    if (this.alarm.signal.aborted) this.alarm = new AbortController();
  }

  private async heartbeat(): Promise<void> {
    const { groupId, sessionTimeoutMs } = this.options;
    if (this.isExpired())
      throw new BrokerError('fenced', `no heartbeat reached group ${groupId} for ${sessionTimeoutMs} ms`, {
        fenced: true,
      });
    const sent = Date.now();
    try {
      const hasChanged = await this.coordinator.heartbeat(sessionTimeoutMs - (sent - this.lastContact));
      this.lastContact = sent;
      this.backoff.succeeded();
      this.listener.onTrouble(undefined);
      this.listener.onContact();
      if (hasChanged) this.wantRejoin();
    } catch (error) {
      if (this.isOver()) return;
      if ((error as BrokerError).fenced) throw error;
      await this.pauseAfter(error as BrokerError);
    }
  }

  private wantRejoin(): void {
    if (this.closing) return;
    this.rejoinWanted = true;
    this.urgent.abort();
    this.listener.onChanging(true);
    this.hurry();
  }

  /** After a round that has failed: what this means for the membership, and for the next round. */
  private async recover(error: BrokerError): Promise<void> {
    if (this.isOver()) return;
    if (typeOf(error) === 'REBALANCE_IN_PROGRESS') return;
    // Before the first join people are still at hand. Later the same refusal may be a slip in the ACLs or
    // consumers of another kind in this group: when that is over, the member has to come back by itself.
    if (isHopeless(error) && !this.hasJoined) return this.fail(error);
    if (error.fenced || this.isExpired()) this.forget(error);
    if (this.closing) return this.end();
    await this.pauseAfter(error);
  }

  private forget(error: BrokerError): void {
    const type = typeOf(error);
    // A session that has expired here may not have there: coming back under the old name is then quicker.
    if (type === 'UNKNOWN_MEMBER_ID' || type === 'FENCED_INSTANCE_ID') this.coordinator.memberId = '';
    if (this.generation < 0) return;
    this.coordinator.generation = -1;
    this.listener.onLost();
  }

  private async pauseAfter(error: BrokerError): Promise<void> {
    if (!error.fenced) this.coordinator.disconnect();
    if (!error.fenced && this.backoff.failures > 0) this.listener.onTrouble(error);
    await this.backoff.pause(this.ended.signal);
  }

  private fail(error: BrokerError): void {
    this.end();
    this.listener.onFailure(error);
  }
}
