import type { TopicPartition } from './record.js';

/** A live member of a group, as it presents itself when it joins. */
export interface AssignableMember {
  readonly memberId: string;
  /** The topics it subscribes to. */
  readonly topics: readonly string[];
  /** What it still owns; it stops working on these only when it is told so. */
  readonly owned: readonly TopicPartition[];
  /** The generation in which it was given them; of two claims to one partition the higher one counts. */
  readonly generation: number;
}

/** What {@link assignCooperatively} starts from. */
export interface CooperativeAssignmentInput {
  readonly members: readonly AssignableMember[];
  /** How many partitions each topic has; a topic that is missing has none. */
  readonly partitionCounts: ReadonlyMap<string, number>;
}

/** The outcome of one round. */
export interface CooperativeAssignment {
  /** For each member, in order of topic and partition. */
  readonly assignment: ReadonlyMap<string, TopicPartition[]>;
  /** False if a partition is withheld: its owner has to revoke it and all have to join again. */
  readonly settled: boolean;
}

/**
 * One round of a cooperative and sticky assignment (KIP-429). Loads of members with equal subscriptions
 * differ by one at most; partitions stay where they are unless balance needs them elsewhere; one that
 * has to change hands goes to nobody in this round, so that its owner can revoke it first. The result
 * depends on the input's content only, not on its order.
 */
export function assignCooperatively(input: CooperativeAssignmentInput): CooperativeAssignment {
  const members = [...input.members].sort((a, b) => compare(a.memberId, b.memberId));
  const partitions = allPartitions(members, input.partitionCounts);
  const owners = currentOwners(members);
  const placement = new Placement(members);

  const unowned: TopicPartition[] = [];
  for (const partition of partitions) {
    const owner = owners.get(keyOf(partition));
    const stays = typeof owner === 'string' && placement.accepts(owner, partition.topic);
    if (stays) placement.add(owner, partition);
    else unowned.push(partition);
  }
  for (const partition of unowned) placement.addToLeastLoaded(partition);
  placement.balance((memberId, partition) => owners.get(keyOf(partition)) === memberId);
  return withholdMoves(members, placement, owners);
}

/** Nobody may own it in this round: two members have equal claims to it. */
const DISPUTED = Symbol('disputed');

type Owners = ReadonlyMap<string, string | typeof DISPUTED>;

function currentOwners(members: readonly AssignableMember[]): Owners {
  const owners = new Map<string, string | typeof DISPUTED>();
  const generations = new Map<string, number>();
  for (const { memberId, owned, generation } of members) {
    for (const partition of owned) {
      const key = keyOf(partition);
      const rival = generations.get(key) ?? -Infinity;
      if (generation < rival || owners.get(key) === memberId) continue;
      owners.set(key, generation === rival ? DISPUTED : memberId);
      generations.set(key, generation);
    }
  }
  return owners;
}

function withholdMoves(
  members: readonly AssignableMember[],
  placement: Placement,
  owners: Owners,
): CooperativeAssignment {
  const assignment = new Map<string, TopicPartition[]>();
  let settled = true;
  for (const { memberId, topics, owned } of members) {
    const granted = placement.of(memberId).filter((partition) => {
      const owner = owners.get(keyOf(partition));
      return owner === undefined || owner === memberId;
    });
    if (granted.length < placement.of(memberId).length) settled = false;
    // What it still works on but must not: it joins again once it has revoked it.
    if (owned.some(({ topic }) => !topics.includes(topic))) settled = false;
    assignment.set(memberId, granted.sort(comparePartitions));
  }
  return { assignment, settled };
}

/** Who is to own what, while it is being worked out. */
class Placement {
  private readonly held = new Map<string, TopicPartition[]>();
  private readonly perTopic = new Map<string, Map<string, number>>();
  private readonly subscriptions: ReadonlyMap<string, ReadonlySet<string>>;
  private readonly memberIds: string[];

  constructor(members: readonly AssignableMember[]) {
    this.memberIds = members.map(({ memberId }) => memberId);
    this.subscriptions = new Map(members.map(({ memberId, topics }) => [memberId, new Set(topics)]));
    for (const memberId of this.memberIds) {
      this.held.set(memberId, []);
      this.perTopic.set(memberId, new Map());
    }
  }

  of(memberId: string): readonly TopicPartition[] {
    return this.held.get(memberId) ?? [];
  }

  accepts(memberId: string, topic: string): boolean {
    return this.subscriptions.get(memberId)?.has(topic) ?? false;
  }

  add(memberId: string, partition: TopicPartition): void {
    this.held.get(memberId)?.push(partition);
    this.count(memberId, partition.topic, 1);
  }

  addToLeastLoaded(partition: TopicPartition): void {
    const { topic } = partition;
    const [first, ...rest] = this.memberIds.filter((memberId) => this.accepts(memberId, topic));
    if (first === undefined) return;
    const lighter = (a: string, b: string) =>
      this.load(b) - this.load(a) || this.loadOf(b, topic) - this.loadOf(a, topic);
    this.add(
      rest.reduce((best, memberId) => (lighter(best, memberId) < 0 ? memberId : best), first),
      partition,
    );
  }

  /** Each move makes two loads more equal, so this ends; it ends when no single move does so any more. */
  balance(owns: (memberId: string, partition: TopicPartition) => boolean): void {
    while (this.moveOne(owns));
  }

  private moveOne(owns: (memberId: string, partition: TopicPartition) => boolean): boolean {
    const byLoad = [...this.memberIds].sort((a, b) => this.load(a) - this.load(b));
    for (const from of byLoad.toReversed()) {
      for (const to of byLoad) {
        if (this.load(to) + 1 >= this.load(from)) break;
        const partition = this.bestToMove(from, to, owns);
        if (partition === undefined) continue;
        this.remove(from, partition);
        this.add(to, partition);
        return true;
      }
    }
    return false;
  }

  /** First what `from` does not own yet: it costs nothing. Then of the topic they share least evenly. */
  private bestToMove(
    from: string,
    to: string,
    owns: (memberId: string, partition: TopicPartition) => boolean,
  ): TopicPartition | undefined {
    let best: TopicPartition | undefined;
    let bestGain = -Infinity;
    for (const partition of this.of(from)) {
      if (!this.accepts(to, partition.topic)) continue;
      const skew = this.loadOf(from, partition.topic) - this.loadOf(to, partition.topic);
      const gain = owns(from, partition) ? skew : skew + 1e9;
      if (gain < bestGain) continue;
      best = partition;
      bestGain = gain;
    }
    return best;
  }

  private remove(memberId: string, partition: TopicPartition): void {
    const held = this.held.get(memberId) ?? [];
    held.splice(held.indexOf(partition), 1);
    this.count(memberId, partition.topic, -1);
  }

  private load(memberId: string): number {
    return this.of(memberId).length;
  }

  private loadOf(memberId: string, topic: string): number {
    return this.perTopic.get(memberId)?.get(topic) ?? 0;
  }

  private count(memberId: string, topic: string, by: number): void {
    this.perTopic.get(memberId)?.set(topic, this.loadOf(memberId, topic) + by);
  }
}

function allPartitions(
  members: readonly AssignableMember[],
  counts: ReadonlyMap<string, number>,
): TopicPartition[] {
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort(compare);
  return topics.flatMap((topic) =>
    Array.from({ length: counts.get(topic) ?? 0 }, (_, partition) => ({ topic, partition })),
  );
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}

function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  return compare(a.topic, b.topic) || a.partition - b.partition;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
