import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Verdict } from './checker/check-history.js';
import { findInstallation } from '../../../tools/kafka/installation.mjs';
import type { Fault } from './faults.js';

/** What came of one fault. */
export interface Row extends Verdict, Pick<Fault, 'what' | 'guarantees'> {
  readonly name: string;
}

const FOLDER = fileURLToPath(new URL('../../../bench/results/', import.meta.url));
const COLUMNS = [
  'fault',
  'requests',
  'responses',
  'duplicates',
  'stored twice',
  'unsent',
  'lost',
  'broken promises',
];

/** Writes the table, and the same as JSON. */
export async function report(rows: readonly Row[], names: readonly string[]): Promise<void> {
  const made = {
    command: ['npm run faults', ...(names.length > 0 ? ['--', ...names] : [])].join(' '),
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions: `Node ${process.version}, Kafka ${(await findInstallation()).version}`,
  };
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}faults.json`, `${JSON.stringify({ ...made, faults: rows }, null, 2)}\n`);
  await writeFile(`${FOLDER}faults.md`, markdown(made, rows));
}

function markdown(
  { command, date, machine, versions }: Readonly<Record<'command' | 'date' | 'machine' | 'versions', string>>,
  rows: readonly Row[],
): string {
  const header = [...COLUMNS, 'longest stall', 'puts to the test'];
  const cells = rows.map((row) => [
    row.name,
    row.requests,
    row.responses,
    row.duplicates,
    row.storedTwice,
    row.unsent,
    row.lost,
    row.violations.length,
    `${(row.longestStallMs / 1_000).toFixed(1)} s`,
    row.guarantees,
  ]);
  return [
    `Made by \`${command}\` on ${date}: ${machine}; ${versions}.`,
    '',
    ...[header, header.map(() => '---'), ...cells].map((each) => `| ${each.join(' | ')} |`),
    '',
    ...rows.map(({ name, what }) => `- **${name}**: ${what}.`),
    '',
  ].join('\n');
}
