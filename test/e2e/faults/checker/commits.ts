import type { Committed, Stored } from '../history/events.js';
import type { Rule } from './rule.js';
import { groupBy, placeOf, type Timeline } from './timeline.js';

interface Done {
  readonly record: Stored;
  readonly at: number;
}

/** A commit covers only what was run to its end before it, by whoever; what has expired needs no run. */
export const noCommitRunsAhead: Rule = (timeline) => {
  const done = groupBy(
    timeline.stored.map((record) => ({ record, at: doneAt(timeline, record) })),
    ({ record }) => `${record.partition}`,
  );
  const byPartition = groupBy(timeline.commits, ({ partition }) => `${partition}`);
  return [...byPartition].flatMap(([partition, commits]) => {
    const ofPartition = done.get(partition) ?? [];
    return commits.flatMap((commit) => aheadOf(commit, ofPartition) ?? []).slice(0, 1);
  });
};

/**
 * What is committed of a partition never goes back. It may seem so after a kill of brokers: a coordinator that has
 * just taken over shows what its followers are known to have.
 */
export const noCommitGoesBack: Rule = ({ commits, brokerKilledAt }) =>
  [...groupBy(commits, ({ partition }) => `${partition}`)].flatMap(([partition, of]) =>
    of.flatMap(({ offset, at }, index) =>
      index > 0 && at < brokerKilledAt && offset < of[index - 1].offset
        ? `partition ${partition} was committed up to ${of[index - 1].offset}, then up to ${offset}`
        : [],
    ),
  );

function aheadOf(commit: Committed, done: readonly Done[]): string | undefined {
  const ahead = done.find(({ record, at }) => at > commit.at && covers(commit, record.offset));
  return (
    ahead && `${ahead.record.call} (${placeOf(ahead.record)}) was committed before it was run to its end`
  );
}

/** Whether a commit says that the record at this offset is done. */
export function covers({ offset, alsoDone }: Committed, record: number): boolean {
  return record < offset || alsoDone.includes(record);
}

function doneAt(timeline: Timeline, record: Stored): number {
  const sent = timeline.call(record.call)?.sent;
  const expiresAt = sent && !sent.oneWay ? sent.at + sent.timeoutMs : Number.POSITIVE_INFINITY;
  return Math.min(expiresAt, timeline.doneAt(record.call));
}
