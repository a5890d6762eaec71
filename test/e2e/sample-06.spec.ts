import { readFile } from 'node:fs/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { describeOnKafka } from '../support/kafka.js';
import { runProgram } from './run-program.js';

jest.setTimeout(60_000);

const SAMPLE = 'sample/06-from-nest-kafka';

/** Expects what the README says; the event is handled beside the calls. */
async function expectItsOutput(env: NodeJS.ProcessEnv, ...further: string[]): Promise<void> {
  const readme = await readFile(new URL(`../../${SAMPLE}/README.md`, import.meta.url), 'utf8');
  const [, expected = ''] = /```text\n([^]*?)```/.exec(readme) ?? [];
  const { code, output } = await runProgram(`${SAMPLE}/src/main.ts`, {}, [], env);
  const lines = output.split('\n').filter((line) => line !== '' && !line.includes('[Nest]'));
  const inOrder = (all: string[]) => all.filter((line) => !line.startsWith('checked'));
  const wanted = [...expected.trimEnd().split('\n'), ...further];
  expect(inOrder(lines)).toEqual(inOrder(wanted));
  expect(new Set(lines)).toEqual(new Set(wanted));
  expect(code).toBe(0);
}

describe('sample 06', () => {
  it('prints what its README says, and ends well', () => expectItsOutput({ KAFKA_BOOTSTRAP: '' }));
});

describeOnKafka('sample 06 on Kafka', () => {
  it("is called by Nest's own client, too", () => expectItsOutput({}, 'ClientKafka: 33'));
});
