import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerError } from '../broker-error.js';
import type { TopicPartition } from '../record.js';
import type { Cluster } from './cluster.js';
import { errorType, refused } from './errors.js';
import {
  assignAll,
  type Assignment,
  decodeAssignment,
  encodeMember,
  PROTOCOL_NAME,
  subscribedTopics,
} from './group-protocol.js';
import type { Apis } from './internals.js';
import type { Node } from './node.js';

/** What a membership is made with. */
export interface MembershipOptions {
  readonly groupId: string;
  /** What it subscribes to at first. */
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
}

type Joined = Apis['JoinGroup']['answer'];

const LEAVE_TIMEOUT_MS = 1_000;
/** How often the leader looks for new partitions. */
const TOPIC_CHECK_INTERVAL_MS = 10_000;

/** What a member says to its group's coordinator, each once: who tries again, and when, is the caller. */
export class GroupCoordinator {
  /** Empty before the first join, and after the group has forgotten this member. */
  memberId = '';
  /** Of the last assignment; -1 if there is none. */
  generation = -1;
  /** What the next join subscribes to. */
  topics: ReadonlySet<string>;

  private joins = 0;
  private node: Node | undefined;
  /** What the leader has assigned by; `undefined` in other members. */
  private topicSizes: ReadonlyMap<string, number> | undefined;
  private topicsChecked = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly options: MembershipOptions,
  ) {
    this.topics = new Set(options.topics);
  }

  /** Joins the group with what this member owns; takes until every member has joined. */
  async join(owned: readonly TopicPartition[]): Promise<Assignment> {
    const node = await this.connected();
    this.joins += 1;
    const joined = await this.sendJoin(node, owned);
    return this.sync(node, joined);
  }

  /** True if the group has to be joined again. */
  async heartbeat(timeoutMs: number): Promise<boolean> {
    const { groupId } = this.options;
    const { memberId, generation: groupGenerationId } = this;
    const node = await this.connected();
    const beat = node.request('Heartbeat', { groupId, memberId, groupGenerationId });
    const { errorCode } = await answeredWithin(timeoutMs, beat, `heartbeat in group ${groupId}`);
    if (errorType(errorCode) === 'REBALANCE_IN_PROGRESS') return true;
    if (errorCode !== 0) throw this.refused(errorCode, 'heartbeat in');
    return false;
  }

  /** Tells the group that this member goes; says nothing if that does not work. */
  async leave(): Promise<void> {
    const { memberId } = this;
    const { groupId } = this.options;
    if (memberId === '') return;
    // Not on the own connection: a join may be under way there, and the broker would answer that first.
    const left = this.cluster
      .coordinator(groupId)
      .then((coordinator) => coordinator.request('LeaveGroup', { groupId, memberId }));
    await answeredWithin(LEAVE_TIMEOUT_MS, left, 'leaving').catch(() => undefined);
  }

  /** For the leader: whether a topic has partitions that were not assigned yet. Looks from time to time. */
  async hasNewPartitions(): Promise<boolean> {
    const { topicSizes } = this;
    if (topicSizes === undefined || Date.now() - this.topicsChecked < TOPIC_CHECK_INTERVAL_MS) return false;
    const sizes = await this.sizesOf([...topicSizes.keys()], topicSizes).catch(() => topicSizes);
    return [...sizes].some(([topic, size]) => size !== topicSizes.get(topic));
  }

  /** The coordinator may be another one now: it is looked up before the next request. */
  disconnect(): void {
    if (this.node !== undefined) this.cluster.release(this.node);
    this.node = undefined;
  }

  private async connected(): Promise<Node> {
    this.node ??= await this.cluster.coordinatorAlone(this.options.groupId);
    return this.node;
  }

  private async sendJoin(node: Node, owned: readonly TopicPartition[]): Promise<Joined> {
    const { groupId, sessionTimeoutMs, rebalanceTimeoutMs } = this.options;
    const topics = [...this.topics];
    const answer = await node.request('JoinGroup', {
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      memberId: this.memberId,
      protocolType: 'consumer',
      groupProtocols: [
        {
          name: PROTOCOL_NAME,
          metadata: encodeMember({ topics, owned, generation: this.generation, joins: this.joins }),
        },
      ],
    });
    const type = errorType(answer.errorCode);
    if (type !== undefined && type !== 'MEMBER_ID_REQUIRED') throw this.refused(answer.errorCode, 'joining');
    this.memberId = answer.memberId;
    return type === undefined ? answer : this.sendJoin(node, owned);
  }

  private async sync(node: Node, joined: Joined): Promise<Assignment> {
    const { groupId } = this.options;
    const { memberId, generationId } = joined;
    const groupAssignment = await this.assignAll(joined);
    const answer = await node.request('SyncGroup', { groupId, memberId, generationId, groupAssignment });
    if (answer.errorCode !== 0) throw this.refused(answer.errorCode, 'syncing with');
    this.generation = generationId;
    return decodeAssignment(answer.memberAssignment);
  }

  private refused(errorCode: number, what: string): BrokerError {
    const { groupId } = this.options;
    return refused(errorCode, `${what} group ${groupId}`, { group: `Read on Group ${groupId}` });
  }

  private async assignAll(joined: Joined): Promise<Apis['SyncGroup']['args']['groupAssignment']> {
    const known = this.topicSizes;
    this.topicSizes = undefined;
    if (joined.leaderId !== joined.memberId) return [];
    const sizes = await this.sizesOf(subscribedTopics(joined.members), known);
    this.topicSizes = sizes;
    return assignAll(joined.members, sizes);
  }

  /** A topic that was deleted keeps its size: whoever reads it finds out, and says so. */
  private async sizesOf(
    topics: readonly string[],
    known: ReadonlyMap<string, number> | undefined,
  ): Promise<Map<string, number>> {
    this.topicsChecked = Date.now();
    const answers = await this.cluster.refresh(topics);
    return new Map(
      answers.map(({ topic, partitionMetadata: { length } }) => [topic, length || (known?.get(topic) ?? 0)]),
    );
  }
}

async function answeredWithin<T>(ms: number, answer: Promise<T>, what: string): Promise<T> {
  const inTime = new AbortController();
  const late = sleep(ms, undefined, { signal: inTime.signal }).then(() => {
    throw new BrokerError('unavailable', `${what}: no answer within ${ms} ms`, { retriable: true });
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    late.catch(() => undefined);
    answer.catch(() => undefined);
    inTime.abort();
  }
}
