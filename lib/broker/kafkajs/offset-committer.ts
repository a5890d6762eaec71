import { BrokerError } from '../broker-error.js';
import type { OffsetCommit } from '../consumer.js';
import type { TopicPartition } from '../record.js';
import { Backoff } from './backoff.js';
import type { Cluster } from './cluster.js';
import { closedError, errorType, readOn, refused } from './errors.js';
import { commitOnce } from './group-offsets.js';
import type { GroupMembership } from './group-membership.js';
import type { Node } from './node.js';
import { keyOf } from './partitions.js';

/** Answers of a coordinator that moved, or is about to. */
const COORDINATOR_MOVED = new Set([
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'REQUEST_TIMED_OUT',
]);

/** Offsets, and the tenure of each partition in which they were to be committed. */
interface Commit {
  readonly offsets: readonly OffsetCommit[];
  readonly tenures: readonly (object | undefined)[];
}

/** Commits a member's offsets, one call after the other. */
export class OffsetCommitter {
  private last: Promise<unknown> = Promise.resolve();
  private coordinator: Node | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly membership: GroupMembership,
    private readonly options: {
      readonly groupId: string;
      /** For how long a coordinator that cannot be reached is asked again. */
      readonly timeoutMs: number;
      /** Aborted at the end of the consumer's close. */
      readonly signal: AbortSignal;
      /** See {@link OwnedPartitions.tenureOf}. */
      tenureOf(partition: TopicPartition): object | undefined;
    },
  ) {}

  /** See `GroupConsumer.commit`. */
  commit(offsets: readonly OffsetCommit[]): Promise<void> {
    if (offsets.length === 0) return Promise.resolve();
    const tenures = offsets.map((offset) => this.options.tenureOf(offset));
    const result = this.last.then(() => this.persist({ offsets, tenures }));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async persist(commit: Commit): Promise<void> {
    const { signal, timeoutMs } = this.options;
    const deadline = Date.now() + timeoutMs;
    for (const backoff = new Backoff(); ; await backoff.pause(signal)) {
      const refusal = await this.attempt(commit);
      if (refusal === undefined) return;
      if (!refusal.retriable || Date.now() > deadline) throw refusal;
    }
  }

  /** What went wrong; `retriable` if the same may succeed in a moment. */
  private async attempt({ offsets, tenures }: Commit): Promise<BrokerError | undefined> {
    const { signal, groupId } = this.options;
    if (signal.aborted) throw closedError('consumer');
    this.checkOwnership({ offsets, tenures });
    const { memberId, generation } = this.membership;
    let code: number;
    try {
      this.coordinator ??= await this.cluster.coordinator(groupId);
      code = await commitOnce(this.coordinator, { groupId, memberId, generation }, offsets);
    } catch (error) {
      this.coordinator = undefined;
      if (signal.aborted) throw closedError('consumer');
      return error as BrokerError;
    }
    return this.judge(code, generation, offsets);
  }

  private async judge(
    code: number,
    generation: number,
    offsets: readonly OffsetCommit[],
  ): Promise<BrokerError | undefined> {
    const type = errorType(code);
    if (type === undefined) return undefined;
    const { groupId } = this.options;
    const refusal = refused(code, `committing offsets of group ${groupId}`, {
      group: `Read on Group ${groupId}`,
      ...readOn([...new Set(offsets.map(({ topic }) => topic))].join(', ')),
    });
    if (COORDINATOR_MOVED.has(type)) this.coordinator = undefined;
    if (type !== 'ILLEGAL_GENERATION' && type !== 'REBALANCE_IN_PROGRESS') return refusal;
    // The group has moved on while this member was about to: what it still owns then counts.
    const wasChanging = await this.membership.joined();
    const isChanged = wasChanging || this.membership.generation !== generation;
    return isChanged ? retriable(refusal) : refusal;
  }

  /** A partition that has gone and come back is another owner's in between: what it has committed must stay. */
  private checkOwnership({ offsets, tenures }: Commit): void {
    const isForeign = (offset: OffsetCommit, index: number) =>
      tenures[index] === undefined || tenures[index] !== this.options.tenureOf(offset);
    const foreign = offsets.find(isForeign);
    if (foreign === undefined) return;
    throw new BrokerError('fenced', `${keyOf(foreign)} does not belong to this member of the group`, {
      fenced: true,
    });
  }
}

function retriable({ message, cause }: BrokerError): BrokerError {
  return new BrokerError('unavailable', message, { retriable: true, cause });
}
