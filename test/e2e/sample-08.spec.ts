import { readFile } from 'node:fs/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { describeOnKafka } from '../support/kafka.js';
import { runProgram } from './run-program.js';

jest.setTimeout(60_000);

const SAMPLE = 'sample/08-best-offer';

async function expectItsOutput(env: NodeJS.ProcessEnv = {}): Promise<void> {
  const readme = await readFile(new URL(`../../${SAMPLE}/README.md`, import.meta.url), 'utf8');
  const [, expected] = /```text\n([^]*?)```/.exec(readme) ?? [];
  const { code, output } = await runProgram(`${SAMPLE}/src/main.ts`, {}, [], env);
  const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith('[Nest]'));
  expect(`${lines.join('\n')}\n`).toBe(expected);
  expect(code).toBe(0);
}

describe('sample 08', () => {
  it('prints what its README says, and ends well', () => expectItsOutput({ KAFKA_BOOTSTRAP: '' }));
});

describeOnKafka('sample 08 on Kafka', () => {
  it('prints the same', () => expectItsOutput());
});
