import type { Row } from '../bench-run.js';
import { type Goal, GOALS, type Point } from '../goals.js';
import { short } from './numbers.js';
import { statisticsOf } from './statistics.js';

/** For each goal that was measured what ours has reached beside the others; of medians. */
export function summaryOf(rows: readonly Row[]): string {
  return GOALS.flatMap((goal) => lineOf(goal, rows) ?? []).join('\n') || 'No goal was measured.';
}

function lineOf({ what, ours, others, by }: Goal, rows: readonly Row[]): string | undefined {
  const reached = medianOf(ours, rows);
  if (reached === undefined) return undefined;
  const compared = others.map((other) => {
    const value = medianOf(other, rows);
    const name = other.case === ours.case ? other.peer : `${other.case} of ${other.peer}`;
    if (value === undefined) return `${name} not measured`;
    const note = rowOf(other, rows)?.note;
    const its = `${name} (${short(value)}${note ? `, ${note}` : ''})`;
    return by === 'ratio'
      ? `**${short(reached / value)} ×** ${its}`
      : `**${short(reached - value)}** more than ${its}`;
  });
  return `- ${what}: ${short(reached)}; ${compared.join(', ')}`;
}

function rowOf(point: Point, rows: readonly Row[]): Row | undefined {
  return rows.find(({ case: name, peer }) => name === point.case && peer === point.peer);
}

function medianOf(point: Point, rows: readonly Row[]): number | undefined {
  const row = rowOf(point, rows);
  return row && statisticsOf(row.measurements)[point.metric]?.median;
}
