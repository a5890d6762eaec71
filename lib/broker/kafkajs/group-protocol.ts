import kafkajs from 'kafkajs';
import { type AssignableMember, assignCooperatively } from '../cooperative-assignor.js';
import type { TopicPartition } from '../record.js';
import type { Apis } from './internals.js';
import { byTopic } from './partitions.js';

const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

/** The name under which members agree on this assignment; all members of a group must have it. */
export const PROTOCOL_NAME = 'async-calls-cooperative';

type Partitions = Record<string, number[]>;

/** What a member was given in one round. */
export interface Assignment {
  readonly partitions: readonly TopicPartition[];
  /** False if partitions are withheld until their owners have given them up: another round follows. */
  readonly settled: boolean;
}

/** What a member says of itself when it joins. */
export interface JoiningMember extends Omit<AssignableMember, 'memberId'> {
  /** How often it has joined. Makes each join unlike the one before: see {@link encodeMember}. */
  readonly joins: number;
}

/**
 * What a member presents itself with when it joins: `userData` is `{"g":generation,"o":{topic:[partition]},"n":joins}`.
 *
 * A member that joins with the same bytes as before is given its old assignment, by a coordinator that still has it,
 * without a new round. Only a round is sure to show every commit: it ends when the coordinator's followers have its
 * outcome, and so all that was written before. A coordinator that has just taken over, e.g. after all brokers were
 * killed, knows of commits for which it does not vouch yet; asked for them it answers with older ones, or none.
 */
export function encodeMember(member: JoiningMember): Buffer {
  const claims = { g: member.generation, o: byTopicName(member.owned), n: member.joins };
  return MemberMetadata.encode({
    version: 0,
    topics: [...member.topics],
    userData: Buffer.from(JSON.stringify(claims)),
  });
}

/** The leader's work: who gets what, for the others to be told, and the sizes of the topics that it saw. */
export function assignAll(
  members: Apis['JoinGroup']['answer']['members'],
  partitionCounts: ReadonlyMap<string, number>,
): Apis['SyncGroup']['args']['groupAssignment'] {
  const decoded = members.map(({ memberId, memberMetadata }) => decodeMember(memberId, memberMetadata));
  const { assignment, settled } = assignCooperatively({ members: decoded, partitionCounts });
  return [...assignment].map(([memberId, partitions]) => ({
    memberId,
    memberAssignment: encodeAssignment({ partitions, settled }),
  }));
}

/** All topics that members subscribe to. */
export function subscribedTopics(members: Apis['JoinGroup']['answer']['members']): string[] {
  return [...new Set(members.flatMap((member) => decodeMember('', member.memberMetadata).topics))].sort();
}

/** What the leader has given to this member; nothing if the bytes are empty. */
export function decodeAssignment(bytes: Buffer): Assignment {
  const decoded = bytes.length === 0 ? null : MemberAssignment.decode(bytes);
  if (decoded === null) return { partitions: [], settled: true };
  const { settled } = parse<{ settled?: boolean }>(decoded.userData);
  return { partitions: flatten(decoded.assignment), settled: settled ?? true };
}

function encodeAssignment({ partitions, settled }: Assignment): Buffer {
  return MemberAssignment.encode({
    version: 0,
    assignment: byTopicName(partitions),
    userData: Buffer.from(JSON.stringify({ settled })),
  });
}

function decodeMember(memberId: string, bytes: Buffer): AssignableMember {
  const decoded = MemberMetadata.decode(bytes);
  const { g = -1, o = {} } = parse<{ g?: number; o?: Partitions }>(decoded?.userData);
  return { memberId, topics: decoded?.topics ?? [], owned: flatten(o), generation: g };
}

function byTopicName(partitions: readonly TopicPartition[]): Partitions {
  const grouped = byTopic(partitions, ({ partition }) => partition);
  return Object.fromEntries(grouped.map(({ topic, partitions: numbers }) => [topic, numbers]));
}

function flatten(partitions: Partitions): TopicPartition[] {
  return Object.entries(partitions).flatMap(([topic, numbers]) =>
    numbers.map((partition) => ({ topic, partition })),
  );
}

function parse<T extends object>(userData: Buffer | null | undefined): Partial<T> {
  return userData && userData.length > 0 ? (JSON.parse(userData.toString()) as T) : {};
}
