import type { Rule } from './rule.js';
import { groupBy, type Run, type Timeline } from './timeline.js';

/**
 * Requests of one key are started for the first time in the order they were sent. Their runs do not overlap, wherever
 * they run. Only a process that was frozen may go on, until it notices, with what others have taken over.
 */
export const keysKeepTheirOrder: Rule = (timeline) =>
  [...runsByKey(timeline)].flatMap(([key, runs]) => [
    ...disorder(key, runs),
    ...overlaps(timeline, key, runs),
  ]);

function runsByKey({ runs }: Timeline): Map<string, Run[]> {
  const keyed = runs.filter(({ started }) => started.key !== undefined);
  return groupBy(keyed, ({ started }) => started.key!);
}

function disorder(key: string, runs: readonly Run[]): string[] {
  const seen = new Set<number>();
  let highest = -1;
  return runs.flatMap(({ started: { number } }) => {
    if (seen.has(number)) return [];
    seen.add(number);
    if (number > highest) {
      highest = number;
      return [];
    }
    return `${key}: number ${number} was first started after number ${highest}`;
  });
}

function overlaps(timeline: Timeline, key: string, runs: readonly Run[]): string[] {
  const awake = runs.filter((run) => !timeline.isZombie(run));
  return awake.flatMap((run, index) => {
    const next = awake[index + 1];
    if (next === undefined || next.started.at >= run.endedAt) return [];
    const of = ({ started }: Run) => `number ${started.number} on ${started.process}`;
    return `${key}: ${of(next)} was started ${run.endedAt - next.started.at} ms before the end of ${of(run)}`;
  });
}
