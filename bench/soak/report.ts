import { machine } from '../report/machine.js';
import type { Sample, TrafficReport } from './messages.js';

const MB = 1_000_000;

/**
 * By how much a heap may be larger at the end than in the middle. Both are taken with nothing under way, after forced
 * collections: what is left to chance (compiled code, pools, connections) was below 1 MB in trials. A leak of 1 kB a
 * call, about what one call is made of, leaves some 100 MB in the second half of ten minutes.
 */
export const HEAP_BOUND_BYTES = 4 * MB;

/** What a run has brought. */
export interface Soak {
  readonly minutes: number;
  readonly joins: number;
  /** Of each process, at the start, in the middle and at the end. */
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
  readonly traffic: TrafficReport;
  /** How often the handler of one-way calls has run. */
  readonly notes: number;
  /** Calls over when the middle was sampled. */
  readonly overInMiddle: number;
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);

/** How many calls are over. */
export function overOf(traffic: TrafficReport): number {
  return sum(Object.values(traffic).map(({ over }) => sum(Object.values(over))));
}

/** What is wrong; nothing if all is well. */
export function faultsOf({ samples, traffic, notes }: Soak): string[] {
  return [...trafficFaults(traffic, notes), ...Object.entries(samples).flatMap(memoryFaults)];
}

function trafficFaults(traffic: TrafficReport, notes: number): string[] {
  const faults = Object.entries(traffic).flatMap(([kind, { made, over, expected }]) => {
    const without = made - sum(Object.values(over));
    const others = Object.entries(over).filter(([end]) => end !== expected);
    return [
      ...(without > 0 ? [`${kind}: ${without} calls had no outcome`] : []),
      ...others.map(([end, times]) => `${kind}: ${times} ended with "${end}", not with "${expected}"`),
      ...(made === 0 ? [`${kind}: no call was made`] : []),
    ];
  });
  const stored = traffic['one-way'].over['completed'] ?? 0;
  return notes < stored ? [...faults, `${stored - notes} of ${stored} one-way calls were not run`] : faults;
}

function memoryFaults([name, samples]: [string, readonly Sample[]]): string[] {
  const [, middle, end] = samples;
  const grown = end.heapBytes - middle.heapBytes;
  const left = samples.filter(({ inFlight }) => inFlight > 0);
  return [
    ...(grown > HEAP_BOUND_BYTES
      ? [`${name}: its heap has grown by ${mb(grown)} MB from the middle to the end`]
      : []),
    ...left.map(({ inFlight }) => `${name}: ${inFlight} were in flight when no call was`),
  ];
}

/** The result for people. */
export function markdownOf(soak: Soak, faults: readonly string[]): string {
  const { minutes, joins, samples, traffic, notes } = soak;
  const bound = HEAP_BOUND_BYTES / (overOf(traffic) - soak.overInMiddle);
  return [
    `Made by \`npm run soak -- --minutes ${minutes}\` on ${new Date().toISOString().slice(0, 10)}.`,
    '',
    `Machine: ${machine()}. Another instance of the service joined and left ${joins} times.`,
    '',
    faults.length === 0 ? 'All is well.' : ['Faults:', '', ...faults.map((fault) => `- ${fault}`)].join('\n'),
    '',
    '| calls | made | how they ended |',
    '| --- | --- | --- |',
    ...Object.entries(traffic).map(([kind, { made, over }]) => `| ${kind} | ${made} | ${endsOf(over)} |`),
    '',
    `The handler of one-way calls ran ${notes} times.`,
    '',
    '| process | when | heap MB | RSS MB | in flight |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries(samples).flatMap(([name, all]) =>
      all.map(
        ({ heapBytes, rssBytes, inFlight }, index) =>
          `| ${name} | ${WHEN[index]} | ${mb(heapBytes)} | ${mb(rssBytes)} | ${inFlight} |`,
      ),
    ),
    '',
    `Sampled with no call under way, after a forced garbage collection. The heap may grow by ${HEAP_BOUND_BYTES / MB} MB ` +
      `from the middle to the end: a leak of ${Math.ceil(bound)} bytes a call would be seen.`,
    '',
  ].join('\n');
}

const WHEN = ['start', 'middle', 'end'];

function endsOf(over: Readonly<Record<string, number>>): string {
  return Object.entries(over)
    .map(([end, times]) => `${times} ${end}`)
    .join(', ');
}

function mb(bytes: number): string {
  return (bytes / MB).toFixed(1);
}
