import { expect, it } from '@jest/globals';
import { describeOnKafka } from '../support/kafka.js';
import { runProgram } from './run-program.js';

const CASES = ['echo-10', 'one-way-100'];
const PEERS = ['async-calls', 'kafkajs'];
const COLUMNS =
  '| case | peer | answers/s | p50 ms | p95 ms | p99 ms | client CPU µs | server CPU µs | broker CPU µs | also |';

describeOnKafka('npm run bench', () => {
  it('measures what it is asked for and prints it, with the goals, as a table', async () => {
    const { code, output } = await runProgram('bench/run.ts', {}, [
      '--quick',
      '--peers',
      PEERS.join(),
      ...CASES,
    ]);

    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain(COLUMNS);
    for (const case_ of CASES)
      for (const peer of PEERS) expect(numbersIn(output, `| ${case_} | ${peer} |`)).toHaveLength(6);
    expect(output).toContain('## Summary');
  }, 120_000);

  it('refuses a case that does not exist, with those that do', async () => {
    const { code, output } = await runProgram('bench/run.ts', {}, ['echo-7']);

    expect(code).toBe(1);
    expect(output).toMatch(/There is no case echo-7; there are echo-1, /);
  });
});

/** The cells of a row that hold a number above zero, with or without a range. */
function numbersIn(output: string, start: string): string[] {
  const row = output.split('\n').find((line) => line.startsWith(start)) ?? '';
  return row
    .slice(start.length)
    .split(' | ')
    .filter((cell) => Number.parseFloat(cell.replaceAll(',', '')) > 0);
}
