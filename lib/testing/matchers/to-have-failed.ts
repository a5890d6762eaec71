import type { AsyncCallError } from '../../errors/async-call-error.js';
import type { ErrorCode } from '../../errors/error-code.js';
import type { Handled } from '../deliveries.js';
import type { TestedResponse } from '../test-client.js';
import type { AsymmetricMatcher } from '../text-of.js';
import { type Judge, notFor, section, type Verdict } from './matcher.js';
import { HANDLED, handledIn, isResponses, lineOfHandled, lineOfResponse, RESPONSES } from './outcomes.js';
import { hasAll, lackLines, type Wanted, withWanted } from './wanted.js';

/** What an error has to be like, in all that is given: equal to it, or what an asymmetric matcher matches. */
export interface ExpectedFailure {
  readonly code?: ErrorCode | AsymmetricMatcher;
  readonly statusCode?: number | AsymmetricMatcher;
  readonly message?: string | AsymmetricMatcher;
  readonly details?: unknown;
}

/** What can fail, and has or has not. */
interface Outcome {
  readonly errors: readonly AsyncCallError[];
  readonly lines: readonly string[];
}

/** See {@link AsyncCallsMatchers.toHaveFailed}. */
export function judgeFailed(
  judge: Judge,
  subject: unknown,
  expected: ErrorCode | ExpectedFailure = {},
): Verdict {
  const outcome = outcomeOf(subject);
  if (!outcome) throw notFor('toHaveFailed', `${RESPONSES}, or ${HANDLED}`, subject);
  const wanted = wantedOf(expected);
  const { errors, lines } = outcome;
  const pass = errors.some((error) => hasAll(error, wanted, judge));
  const failure = judge.isNot ? 'no failure' : 'a failure';
  return {
    pass,
    explain: () => [
      [
        `Expected ${failure}${withWanted(wanted, judge)}, got ${judge.received(gotOf(errors, pass))}.`,
        ...(pass
          ? []
          : errors.flatMap((error) => lackLines(error, wanted, judge)).map((line) => `  ${line}`)),
      ],
      section('What has come of it:', lines),
    ],
  };
}

function outcomeOf(subject: unknown): Outcome | undefined {
  if (isResponses(subject)) return outcomeOfCall(subject);
  const handled = handledIn(subject);
  return handled && outcomeOfDeliveries(handled);
}

function outcomeOfCall(responses: readonly TestedResponse[]): Outcome {
  const errors = responses.flatMap((response) => (response.kind === 'failure' ? response.error : []));
  return { errors, lines: responses.length > 0 ? responses.map(lineOfResponse) : ['nothing'] };
}

function outcomeOfDeliveries(handled: readonly Handled[]): Outcome {
  const errors = handled.flatMap(({ as, error }) => (as === 'failed' && error ? error : []));
  return { errors, lines: handled.map(lineOfHandled) };
}

function wantedOf(expected: ErrorCode | ExpectedFailure): Wanted<keyof ExpectedFailure> {
  const properties = typeof expected === 'string' ? { code: expected } : expected;
  const entries = Object.entries(properties) as [keyof ExpectedFailure, unknown][];
  return entries.filter(([, value]) => value !== undefined);
}

function gotOf(errors: readonly AsyncCallError[], pass: boolean): string {
  if (pass) return 'one';
  return errors.length > 0 ? 'another' : 'none';
}
