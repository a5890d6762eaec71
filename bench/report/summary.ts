import type { Row } from '../bench-run.js';
import { type Goal, GOALS, type Point } from '../goals.js';
import { short } from './numbers.js';
import { statisticsOf } from './statistics.js';

/** For each goal that was measured what ours has reached beside the others; of medians. */
export function summaryOf(rows: readonly Row[]): string {
  return GOALS.flatMap((goal) => lineOf(goal, rows) ?? []).join('\n') || 'No goal was measured.';
}

function lineOf({ what, ours, others, by }: Goal, rows: readonly Row[]): string | undefined {
  const reached = valueOf(ours, rows);
  if (reached === undefined) return undefined;
  const compared = others.map((other) => {
    const value = valueOf(other, rows);
    const name = other.case === ours.case ? other.peer : `${other.case} of ${other.peer}`;
    if (value === undefined) return `${name} not measured`;
    if (by === 'ratio') return `**${short(reached / value)} ×** ${name} (${short(value)})`;
    return `**${short(reached - value)}** more than ${name} (${short(value)})`;
  });
  return `- ${what}: ${short(reached)}; ${compared.join(', ')}`;
}

function valueOf(point: Point, rows: readonly Row[]): number | undefined {
  const row = rows.find(({ case: name, peer }) => name === point.case && peer === point.peer);
  return row && statisticsOf(row.measurements)[point.metric]?.median;
}
