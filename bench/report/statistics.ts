import type { Measurement, Metric } from '../case.js';
import { short } from './numbers.js';

/** Of the rounds that count. */
export interface Statistic {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export type Statistics = Readonly<Partial<Record<Metric, Statistic>>>;

export function statisticsOf(measurements: readonly Measurement[]): Statistics {
  const metrics = new Set(measurements.flatMap((measurement) => Object.keys(measurement) as Metric[]));
  const entries = [...metrics].map((metric) => {
    const values = measurements.flatMap((measurement) => measurement[metric] ?? []);
    return [metric, statisticOf(values)] as const;
  });
  return Object.fromEntries(entries);
}

export function statisticOf(values: number[]): Statistic {
  values.sort((a, b) => a - b);
  const middle = Math.floor(values.length / 2);
  const median = values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return { median, min: values[0], max: values[values.length - 1] };
}

export function withRange({ median, min, max }: Statistic): string {
  return `${short(median)} (${short(min)}–${short(max)})`;
}
