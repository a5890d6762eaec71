import { readFile } from 'node:fs/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { runProgram } from './run-program.js';

jest.setTimeout(60_000);

const SAMPLE = 'sample/05-durable-responses';

describe('sample 05', () => {
  it('prints what its README says, and ends well', async () => {
    const readme = await readFile(new URL(`../../${SAMPLE}/README.md`, import.meta.url), 'utf8');
    const [, expected] = /```text\n([^]*?)```/.exec(readme) ?? [];
    const { code, output } = await runProgram(`${SAMPLE}/src/main.ts`);
    const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith('[Nest]'));
    expect(`${lines.join('\n')}\n`).toBe(expected);
    expect(code).toBe(0);
  });
});
