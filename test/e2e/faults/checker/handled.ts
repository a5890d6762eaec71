import { OUTLASTS_FAULTS_MS } from './outcomes.js';
import type { Rule } from './rule.js';
import { type Call, placeOf, type Timeline } from './timeline.js';

/** What the broker has acknowledged is in the request topic, and every request there was run to its end. */
export const everythingStoredIsHandled: Rule = (timeline) => [
  ...timeline.calls
    .filter(isLost)
    .map(({ sent }) => `${sent.call} was acknowledged, but there is no record of it`),
  ...unhandled(timeline),
];

function isLost({ ended, records }: Call): boolean {
  return ended !== undefined && !ended.error && records.length === 0;
}

function unhandled(timeline: Timeline): string[] {
  return timeline.stored
    .filter((record) => {
      const mayExpire = (timeline.call(record.call)?.sent.timeoutMs ?? Infinity) < OUTLASTS_FAULTS_MS;
      return !mayExpire && timeline.doneAt(record.call) === Number.POSITIVE_INFINITY;
    })
    .map((record) => `${record.call} (${placeOf(record)}) was never run to its end`);
}
