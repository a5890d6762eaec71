import { AsyncCallError } from '../../errors/async-call-error.js';
import { textOf } from '../text-of.js';

/** What a test runner gives its matchers as `this`: the contract that jest and vitest share, as far as it is needed. */
export interface MatcherContext {
  /** Whether it was called by `.not`. */
  readonly isNot?: boolean;
  /** `resolves`, `rejects`, or empty. */
  readonly promise?: string;
  readonly customTesters?: readonly unknown[];
  readonly utils?: {
    readonly iterableEquality?: unknown;
    readonly EXPECTED_COLOR?: Paint;
    readonly RECEIVED_COLOR?: Paint;
  };
  /** The runner's `toEqual`, which knows its asymmetric matchers. */
  equals(actual: unknown, expected: unknown, testers?: never): boolean;
}

/** What a matcher tells the test runner. */
export interface MatcherResult {
  readonly pass: boolean;
  /** Why it is so: asked for where it should not be. */
  message(): string;
}

type Paint = (text: string) => string;

/** What a matcher judges with. */
export interface Judge {
  readonly isNot: boolean;
  /** Whether a value is what is expected, as `toEqual` sees it. */
  readonly equals: (actual: unknown, expected: unknown) => boolean;
  /** In the colour of what was expected. */
  readonly expected: Paint;
  /** In the colour of what has come instead. */
  readonly received: Paint;
}

/** A matcher's verdict. */
export interface Verdict {
  readonly pass: boolean;
  /** What there is to say if it is not the wanted one: paragraphs, those without a line are left out. */
  readonly explain: () => readonly (string | readonly string[])[];
}

/** Judges a subject; throws {@link notFor} for one of another kind. */
export type Judgement<Args extends unknown[]> = (judge: Judge, subject: unknown, ...args: Args) => Verdict;

/** Longer arguments stand in the explanation alone. */
const MAX_ARGS_LENGTH = 80;

/** A matcher for `expect.extend`, which is called as `expect(subject).name(…args)`. */
export function matcher<Args extends unknown[]>(name: string, subject: string, judgement: Judgement<Args>) {
  return function (this: MatcherContext, actual: unknown, ...args: Args): MatcherResult {
    const judge = judgeOf(this);
    const { pass, explain } = judgement(judge, actual, ...args);
    const { isNot, promise } = this;
    const modifiers = [promise, isNot ? 'not' : ''].filter(Boolean).map((each) => `.${each}`);
    const hint = `expect(${judge.received(subject)})${modifiers.join('')}.${name}(${judge.expected(textOfArgs(args))})`;
    return { pass, message: () => [hint, ...textsOf(explain())].join('\n\n') };
  };
}

/** A matcher was given what it cannot judge, which is wrong with `.not` as well. */
export function notFor(name: string, subject: string, actual: unknown): AsyncCallError {
  const isPromise = typeof (actual as PromiseLike<unknown> | undefined)?.then === 'function';
  const given = isPromise ? 'a promise: await it' : textOf(actual);
  return new AsyncCallError('invalid-argument', `${name}() is for ${subject}; it was given ${given}.`);
}

/** Lines under a title; nothing if there are none. */
export function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

function judgeOf(context: MatcherContext): Judge {
  const { isNot = false, utils, customTesters = [] } = context;
  const testers = utils?.iterableEquality ? [...customTesters, utils.iterableEquality] : customTesters;
  return {
    isNot,
    equals: (actual, expected) => context.equals(actual, expected, testers as never),
    expected: utils?.EXPECTED_COLOR ?? String,
    received: utils?.RECEIVED_COLOR ?? String,
  };
}

function textOfArgs(args: readonly unknown[]): string {
  const text = args.map(textOf).join(', ');
  return text.length <= MAX_ARGS_LENGTH ? text : '…';
}

function textsOf(paragraphs: ReturnType<Verdict['explain']>): string[] {
  return paragraphs
    .map((paragraph) => (typeof paragraph === 'string' ? paragraph : paragraph.join('\n')))
    .filter((text) => text !== '');
}
