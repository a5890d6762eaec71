import type { TestedResponse } from '../test-client.js';
import { textOf } from '../text-of.js';
import { differenceLines } from './differences.js';
import { type Judge, notFor, type Verdict } from './matcher.js';
import { isResponses, lineOfResponse, RESPONSES } from './outcomes.js';

const RIGHT = '  ';
const WRONG = '✗ ';

/** See {@link AsyncCallsMatchers.toHaveResponded}. */
export function judgeResponded(judge: Judge, responses: unknown, ...expected: unknown[]): Verdict {
  if (!isResponses(responses)) throw notFor('toHaveResponded', RESPONSES, responses);
  const pass =
    responses.length === expected.length &&
    responses.every((response, place) => isRight(response, expected[place], judge));
  const anythingBut = judge.isNot ? 'anything but ' : '';
  return {
    pass,
    explain: () => [
      [
        `Expected ${anythingBut}${counted(expected.length)}, got ${summaryOf(responses)}:`,
        ...rows(responses, expected, judge),
      ],
    ],
  };
}

function isRight(response: TestedResponse, expected: unknown, { equals }: Judge): boolean {
  return response.kind === 'response' && equals(response.value, expected);
}

function summaryOf(responses: readonly TestedResponse[]): string {
  const values = responses.filter(({ kind }) => kind === 'response').length;
  if (values === responses.length) return counted(values);
  return values === 0 ? 'a failure' : `${counted(values)} and a failure`;
}

function counted(responses: number): string {
  return responses === 1 ? '1 response' : `${responses} responses`;
}

function rows(responses: readonly TestedResponse[], expected: readonly unknown[], judge: Judge): string[] {
  const places = Array.from({ length: Math.max(responses.length, expected.length) }, (_, place) => place);
  return places.flatMap((place) => {
    const response = responses.at(place);
    if (response && place < expected.length && isRight(response, expected[place], judge)) {
      return [RIGHT + lineOfResponse(response)];
    }
    const line = response ? lineOfResponse(response) : `${place}  nothing`;
    const lacks = place < expected.length ? lacksOf(response, expected[place], judge) : ['expected no more'];
    return [WRONG + judge.received(line), ...lacks.map((lack) => `       ${lack}`)];
  });
}

function lacksOf(response: TestedResponse | undefined, expected: unknown, judge: Judge): string[] {
  if (response?.kind === 'response') return differenceLines('', response.value, expected, judge);
  return [`expected ${judge.expected(textOf(expected))}`];
}
