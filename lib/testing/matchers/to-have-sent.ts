import type { SentMessage } from '../sent-message.js';
import { type SentFilter, type WantedFields, wantedFields } from '../sent-messages.js';
import type { AsymmetricMatcher } from '../text-of.js';
import { transcriptOf } from '../transcript.js';
import { type Judge, notFor, section, type Verdict } from './matcher.js';
import { hasAll, lackLines, withWanted } from './wanted.js';

/** What a message has to be like, in all that is given: equal to it, or what an asymmetric matcher matches. */
export type ExpectedMessage = { readonly [F in keyof SentFilter]: SentFilter[F] | AsymmetricMatcher };

/** How often something has to be there. */
export interface Times {
  /** Exactly so often. Default: at least once. */
  readonly times?: number;
}

/** What knows what was sent. */
interface Sender {
  sent(): SentMessage[];
}

/** So many near misses help; more hide each other. */
const MAX_NEAREST = 3;
/** The end of a long conversation is what a test is about. */
const MAX_LINES = 50;

/** See {@link AsyncCallsMatchers.toHaveSent}. */
export function judgeSent(
  judge: Judge,
  tester: unknown,
  expected: ExpectedMessage = {},
  { times }: Times = {},
): Verdict {
  if (!isSender(tester)) throw notFor('toHaveSent', 'an AsyncCallsTesting', tester);
  const wanted = wantedFields(expected);
  const all = tester.sent();
  const found = all.filter((message) => hasAll(message, wanted, judge));
  const pass = times === undefined ? found.length > 0 : found.length === times;
  return {
    pass,
    explain: () => [
      `Expected ${amountOf(times, judge)}${withWanted(wanted, judge)}, got ${judge.received(String(found.length))}.`,
      section('Got:', transcriptLines(found, judge)),
      section('The nearest:', found.length < (times ?? 1) ? nearestLines(all, wanted, judge) : []),
      found.length === all.length ? [] : section('All that was sent:', lastLines(transcriptOf(all))),
    ],
  };
}

function isSender(value: unknown): value is Sender {
  return typeof (value as Sender | undefined)?.sent === 'function';
}

function amountOf(times: number | undefined, { isNot }: Judge): string {
  if (times === undefined) return isNot ? 'no message' : 'a message';
  return `${isNot ? 'not ' : ''}exactly ${times === 1 ? '1 message' : `${times} messages`}`;
}

function transcriptLines(messages: readonly SentMessage[], judge: Judge): string[] {
  return messages.length === 0 ? [] : lastLines(transcriptOf(messages)).map((line) => judge.received(line));
}

function lastLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.length <= MAX_LINES) return lines;
  return [`… ${lines.length - MAX_LINES} before these`, ...lines.slice(-MAX_LINES)];
}

/** The messages that lack least, each with what it lacks. */
function nearestLines(all: readonly SentMessage[], wanted: WantedFields, judge: Judge): string[] {
  const misses = all
    .map((message) => ({ message, lacks: wanted.filter((each) => !hasAll(message, [each], judge)) }))
    .filter(({ lacks }) => lacks.length > 0 && lacks.length < wanted.length);
  const least = Math.min(...misses.map(({ lacks }) => lacks.length));
  const nearest = misses.filter(({ lacks }) => lacks.length === least).slice(0, MAX_NEAREST);
  return nearest.flatMap(({ message, lacks }) => [
    transcriptOf([message]),
    ...lackLines(message, lacks, judge).map((line) => `  ${line}`),
  ]);
}
