import type { GroupDescription } from '../admin.js';
import type { AssignedPartition, GroupStart, OffsetCommit } from '../consumer.js';
import { assignCooperatively } from '../cooperative-assignor.js';
import type { TopicPartition } from '../record.js';
import { CommittedOffsets } from './committed-offsets.js';
import { fenced } from './errors.js';
import type { Schedule } from './schedule.js';
import { keyOf, type TopicStore } from './topic-store.js';

/** A member as its group sees it. */
export interface GroupMember {
  readonly memberId: string;
  readonly clientId: string;
  readonly topics: readonly string[];
  readonly startFrom: (topic: string) => GroupStart;
  /** These are the member's now. Settles when it has taken them over. */
  onAssigned(partitions: readonly AssignedPartition[]): Promise<void>;
  /** These are taken from the member. It may commit them until the promise settles. */
  onRevoked(partitions: readonly TopicPartition[]): Promise<void>;
  /** These are no longer the member's, which hears of it only now. */
  onLost(partitions: readonly TopicPartition[]): Promise<void>;
}

/** A member's place in the group. */
interface Seat {
  readonly member: GroupMember;
  /** What it may commit, by key. */
  readonly owned: Map<string, TopicPartition>;
  /** The keys of those it is giving back. */
  readonly revoking: Set<string>;
  readonly joined: () => void;
}

/** A group: who owns which partition, and what was committed. Rebalances are cooperative. */
export class ConsumerGroup {
  readonly offsets = new CommittedOffsets();
  private readonly seats = new Map<string, Seat>();
  private rebalanceScheduled = false;
  private handovers = 0;
  /** How many rebalances there were. */
  private generation = 0;

  constructor(
    readonly groupId: string,
    private readonly topics: TopicStore,
    private readonly schedule: Schedule,
  ) {}

  /** Resolves when the member has taken its first assignment over, or has left. */
  join(member: GroupMember): Promise<void> {
    return new Promise((joined) => {
      this.seats.set(member.memberId, { member, owned: new Map(), revoking: new Set(), joined });
      this.requestRebalance();
    });
  }

  /** Frees what the member owned. Does nothing if it is no member. */
  leave(memberId: string): void {
    this.seats.get(memberId)?.joined();
    if (this.seats.delete(memberId)) this.requestRebalance();
  }

  /**
   * Does what the end of a session does, for every member: what it owns is taken away without a word, and given out anew
   * from the last commit on. The members come back at once.
   */
  expireSessions(): void {
    for (const { member, owned, revoking } of this.seats.values()) {
      const lost = [...owned.values()];
      owned.clear();
      revoking.clear();
      if (lost.length > 0) void this.handOver(() => member.onLost(lost));
    }
    this.requestRebalance();
  }

  /** Stores all of them or, where the member does not own one, none. */
  commit(memberId: string, commits: readonly OffsetCommit[]): void {
    const owned = this.seats.get(memberId)?.owned;
    for (const commit of commits) {
      if (!owned?.has(keyOf(commit))) throw fenced(commit, memberId);
      this.topics.get(commit);
    }
    this.offsets.store(commits);
  }

  /** A partition is no more, nor is what was committed for it. */
  forget(partition: TopicPartition): void {
    this.offsets.forget(partition);
    this.requestRebalance();
  }

  describe(): GroupDescription {
    const members = [...this.seats.values()].map(({ member, owned }) => ({
      memberId: member.memberId,
      clientId: member.clientId,
      assignment: [...owned.values()],
    }));
    return { groupId: this.groupId, state: this.state(), members };
  }

  private state(): GroupDescription['state'] {
    if (this.seats.size === 0) return this.offsets.isEmpty ? 'dead' : 'empty';
    return this.rebalanceScheduled || this.handovers > 0 ? 'rebalancing' : 'stable';
  }

  /** Who joins or leaves in the same turn is part of the same rebalance. */
  requestRebalance(): void {
    if (this.rebalanceScheduled) return;
    this.rebalanceScheduled = true;
    this.schedule(() => this.rebalance());
  }

  private rebalance(): void {
    this.rebalanceScheduled = false;
    this.generation += 1;
    const seats = [...this.seats.values()];
    const targets = this.targets(seats);
    for (const seat of seats) this.revoke(seat, targets.get(seat.member.memberId) ?? []);
    const taken = new Set(seats.flatMap(({ owned }) => [...owned.keys()]));
    for (const seat of seats) {
      const target = targets.get(seat.member.memberId) ?? [];
      this.grant(
        seat,
        target.filter((partition) => !taken.has(keyOf(partition))),
      );
    }
  }

  private targets(seats: readonly Seat[]): ReadonlyMap<string, TopicPartition[]> {
    const members = seats.map(({ member: { memberId, topics }, owned, revoking }) => ({
      memberId,
      topics,
      // What it gives back is free for all to plan with; it is granted once it has come back.
      owned: [...owned].filter(([key]) => !revoking.has(key)).map(([, partition]) => partition),
      generation: 0,
    }));
    const topics = new Set(seats.flatMap(({ member }) => member.topics));
    const partitionCounts = new Map([...topics].map((topic) => [topic, this.topics.partitionCount(topic)]));
    return assignCooperatively({ members, partitionCounts }).assignment;
  }

  private revoke(seat: Seat, target: readonly TopicPartition[]): void {
    const kept = new Set(target.map(keyOf));
    const moving = [...seat.owned].filter(([key]) => !kept.has(key) && !seat.revoking.has(key));
    if (moving.length === 0) return;
    for (const [key] of moving) seat.revoking.add(key);
    void this.handOver(async () => {
      await seat.member.onRevoked(moving.map(([, partition]) => partition));
      // What was lost meanwhile may be the member's again.
      for (const [key] of moving) if (seat.revoking.delete(key)) seat.owned.delete(key);
      this.requestRebalance();
    });
  }

  private grant(seat: Seat, partitions: readonly TopicPartition[]): void {
    if (partitions.length === 0) return seat.joined();
    const { startFrom } = seat.member;
    const places = partitions.map((partition) => ({
      ...this.offsets.startOf(partition, startFrom(partition.topic), this.topics.get(partition)),
      epoch: this.generation,
    }));
    for (const partition of partitions) seat.owned.set(keyOf(partition), partition);
    void this.handOver(async () => {
      await seat.member.onAssigned(places);
      seat.joined();
    });
  }

  private async handOver(step: () => Promise<void>): Promise<void> {
    this.handovers += 1;
    await step();
    this.handovers -= 1;
  }
}
