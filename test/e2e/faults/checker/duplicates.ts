import { covers } from './commits.js';
import type { Rule } from './rule.js';
import { groupBy, placeOf, type Run, type Timeline } from './timeline.js';

/**
 * A record is run again only if it was not committed when that began. Only a process that was frozen may, until it
 * notices, begin what others have taken over and committed.
 */
export const onlyTheUncommittedRunsAgain: Rule = (timeline) => {
  const commits = groupBy(timeline.commits, ({ partition }) => `${partition}`);
  return repeats(timeline).flatMap((run) => {
    const { partition, offset, at, call, process } = run.started;
    const committed = commits.get(`${partition}`)?.find((commit) => commit.at < at && covers(commit, offset));
    return committed && !timeline.isZombie(run)
      ? `${call} (${placeOf(run.started)}) was run again on ${process}, ${at - committed.at} ms after it was committed`
      : [];
  });
};

/** The runs of records after the first of each. */
export function repeats({ places }: Timeline): Run[] {
  return [...places.values()].flatMap(([, ...again]) => again);
}
