import type { HistoryEvent } from '../history/events.js';
import { noCommitGoesBack, noCommitRunsAhead } from './commits.js';
import { onlyTheUncommittedRunsAgain, repeats } from './duplicates.js';
import { everythingStoredIsHandled } from './handled.js';
import { keysKeepTheirOrder } from './key-order.js';
import { everyCallHasAnOutcome, isUnsent } from './outcomes.js';
import type { Rule } from './rule.js';
import { everyStreamIsWhole } from './streams.js';
import { Timeline } from './timeline.js';

/** The rules that every history has to keep, by what they promise. */
export const RULES = {
  everyCallHasAnOutcome,
  everyStreamIsWhole,
  everythingStoredIsHandled,
  noCommitRunsAhead,
  noCommitGoesBack,
  keysKeepTheirOrder,
  onlyTheUncommittedRunsAgain,
} satisfies Record<string, Rule>;

/** What a history comes to. */
export interface Verdict {
  /** `rule: what is wrong`. */
  readonly violations: readonly string[];
  readonly requests: number;
  readonly responses: number;
  /** Runs of records beyond the first. */
  readonly duplicates: number;
  /** Records of requests beyond the first. */
  readonly storedTwice: number;
  /** Calls that could not be sent for 30 s, and have failed with `unavailable`. */
  readonly unsent: number;
  /** Calls without an outcome, with a response that is missing, or with a record that was not run. */
  readonly lost: number;
  /** The longest time in which no caller saw a response, between the first and the last. */
  readonly longestStallMs: number;
}

/** Checks a history, given in the order of time, by all rules. */
export function checkHistory(events: readonly HistoryEvent[]): Verdict {
  const timeline = new Timeline(events);
  const broken = Object.entries<Rule>(RULES).map(([name, rule]) => [name, rule(timeline)] as const);
  const { calls, stored } = timeline;
  return {
    violations: broken.flatMap(([name, found]) => found.map((what) => `${name}: ${what}`)),
    requests: calls.length,
    responses: calls.reduce((sum, { received }) => sum + received.length, 0),
    duplicates: repeats(timeline).length,
    storedTwice: stored.length - new Set(stored.map(({ requestId }) => requestId)).size,
    unsent: calls.filter(isUnsent).length,
    lost: broken.filter(([name]) => LOSSES.has(name)).reduce((sum, [, found]) => sum + found.length, 0),
    longestStallMs: Math.round(longestStall(events)),
  };
}

const LOSSES: ReadonlySet<string> = new Set<keyof typeof RULES>([
  'everyCallHasAnOutcome',
  'everyStreamIsWhole',
  'everythingStoredIsHandled',
]);

function longestStall(events: readonly HistoryEvent[]): number {
  const times = events.filter(({ kind }) => kind === 'received').map(({ at }) => at);
  return times.reduce((longest, at, index) => Math.max(longest, at - (times[index - 1] ?? at)), 0);
}
