import { describe, expect, it, jest } from '@jest/globals';
import { describeOnKafka } from '../support/kafka.js';
import { runSample } from './sample-output.js';

jest.setTimeout(120_000);

/** So slow that who thinks longer still answers within its time when all stand still for some seconds. */
const SLOWER = '5';

/** Expects what the README says; who answers first may change while all stand still, and each keeps its own order. */
async function expectItsOutput(env: NodeJS.ProcessEnv): Promise<void> {
  const { expected, printed, code } = await runSample('08-best-offer', { ...env, SLOWER });
  expect(byDealer(printed)).toEqual(byDealer(expected));
  expect(code).toBe(0);
}

/** The lines, those of answers that stand together sorted by who has answered. */
function byDealer(lines: readonly string[]): string[] {
  const groups: string[][] = [];
  for (const line of lines) {
    const isAnswer = /^ {2}\w+(\/offer)?(:| has failed)/.test(line);
    if (isAnswer && groups.at(-1)?.[0]?.startsWith('  ')) groups.at(-1)!.push(line);
    else groups.push([line]);
  }
  return groups.flatMap((group) =>
    group.toSorted((one, other) => dealerOf(one).localeCompare(dealerOf(other))),
  );
}

const dealerOf = (line: string) => /^ {2}(\w+)/.exec(line)?.[1] ?? '';

describe('sample 08', () => {
  it('prints what its README says, and ends well', () => expectItsOutput({ KAFKA_BOOTSTRAP: '' }));
});

describeOnKafka('sample 08 on Kafka', () => {
  it('prints the same', () => expectItsOutput({}));
});
