import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import { runProgram } from './run-program.js';

/** What a sample's README says that it prints, what it has printed apart from Nest's log, line by line, and its exit code. */
export interface SampleOutput {
  readonly expected: readonly string[];
  readonly printed: readonly string[];
  readonly code: number | null;
  /** All of it, with Nest's log. */
  readonly output: string;
}

/** Runs a sample, by its folder's name, to its end. */
export async function runSample(name: string, env: NodeJS.ProcessEnv = {}): Promise<SampleOutput> {
  const readme = await readFile(new URL(`../../sample/${name}/README.md`, import.meta.url), 'utf8');
  const [, expected = ''] = /```text\n([^]*?)```/.exec(readme) ?? [];
  const { code, output } = await runProgram(`sample/${name}/src/main.ts`, {}, [], env);
  const printed = output.split('\n').filter((line) => line !== '' && !line.startsWith('[Nest]'));
  return { expected: expected.split('\n').slice(0, -1), printed, code, output };
}

/** Expects the sample to print what its README says, and to end well. */
export async function expectOutputOfReadme(name: string, env?: NodeJS.ProcessEnv): Promise<void> {
  const { expected, printed, code, output } = await runSample(name, env);
  expect(expected).not.toEqual([]);
  // What was going on meanwhile is in the log alone.
  if (!isDeepStrictEqual(printed, expected)) console.error(output);
  expect(printed).toEqual(expected);
  expect(code).toBe(0);
}
