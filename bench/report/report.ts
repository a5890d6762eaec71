import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Row, RunResult } from '../bench-run.js';
import type { CliOptions } from '../cli-options.js';
import { statisticsOf } from './statistics.js';
import { summaryOf } from './summary.js';
import { legendOf, tableOf } from './table.js';

const FOLDER = fileURLToPath(new URL('../results/', import.meta.url));

export interface Report {
  readonly command: string;
  readonly date: string;
  readonly minutes: number;
  readonly machine: Readonly<Record<string, string>>;
  readonly options: CliOptions;
  readonly result: RunResult;
}

export function markdownOf({ command, date, minutes, machine, options, result }: Report): string {
  const { cases, peers, rounds } = options;
  return [
    `Made by \`${command}\` on ${date}, in ${minutes.toFixed(1)} minutes.`,
    Object.entries(machine)
      .map(([name, value]) => `${name}: ${value}`)
      .join(' · '),
    `Medians of ${rounds} rounds, some cases fewer; in brackets the range. Before came a warm-up of each peer's processes and one more round, which do not count. CPU is per answer, of all servers together; the broker's is known to 10 ms a measurement.`,
    ...result.remarks,
    tableOf(result.rows),
    '## Summary: this library beside others',
    summaryOf(result.rows),
    '## Cases',
    legendOf(cases, peers),
  ].join('\n\n');
}

/** `latest` is what a complete run leaves; git ignores `partial`. Returns where it is. */
export async function writeReport(report: Report, isComplete: boolean): Promise<string> {
  const name = `${FOLDER}${isComplete ? 'latest' : 'partial'}`;
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${name}.md`, `${markdownOf(report)}\n`);
  await writeFile(`${name}.json`, `${JSON.stringify(jsonOf(report), null, 2)}\n`);
  return `${name}.md`;
}

function jsonOf({ result: { rows, remarks }, options, ...rest }: Report) {
  const withStatistics = (row: Row) => ({ ...row, statistics: statisticsOf(row.measurements) });
  return { ...rest, rounds: options.rounds, remarks, rows: rows.map(withStatistics) };
}
