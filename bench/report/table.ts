import type { Row } from '../bench-run.js';
import { canDo } from '../bench-run.js';
import { CASES } from '../cases.js';
import { short } from './numbers.js';
import { type Statistic, type Statistics, statisticsOf, withRange } from './statistics.js';

const COLUMNS = [
  'case',
  'peer',
  'answers/s',
  'p50 ms',
  'p95 ms',
  'p99 ms',
  'client CPU µs',
  'server CPU µs',
  'broker CPU µs',
  'also',
];

/** A line for each case and peer: medians, and ranges in brackets. */
export function tableOf(rows: readonly Row[]): string {
  const order = Object.keys(CASES);
  const sorted = [...rows].sort(
    (a, b) => order.indexOf(a.case) - order.indexOf(b.case) || compare(a.peer, b.peer),
  );
  return [COLUMNS, COLUMNS.map(() => '---'), ...sorted.map(cellsOf)]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** What each measured case is, and who is left out of it. */
export function legendOf(cases: readonly string[], peers: readonly string[]): string {
  return cases
    .map((name) => {
      const without = peers.filter((peer) => !canDo(peer, name));
      return `- \`${name}\`: ${CASES[name].what}${without.length > 0 ? `. Not for ${without.join(', ')}` : ''}`;
    })
    .join('\n');
}

function cellsOf({ case: name, peer, measurements, note }: Row): string[] {
  const statistics = statisticsOf(measurements);
  const { perSecond, p50, p95, p99, clientCpu, serverCpu, brokerCpu } = statistics;
  return [
    name,
    peer,
    ...[perSecond, p50].map((statistic) => (statistic ? withRange(statistic) : '–')),
    ...[p95, p99, clientCpu, serverCpu, brokerCpu].map((statistic) =>
      statistic ? short(statistic.median) : '–',
    ),
    alsoOf(statistics, note),
  ];
}

function alsoOf(statistics: Statistics, note = ''): string {
  const {
    bytesPerCall,
    clientRss,
    clientHeap,
    serverRss,
    serverHeap,
    clientIdle,
    serverIdle,
    outOfOrder,
    repeated,
  } = statistics;
  const at = (statistic: Statistic | undefined) => short(statistic?.median ?? NaN);
  return [
    bytesPerCall && `${at(bytesPerCall)} bytes a pending call`,
    clientRss && `client rss ${at(clientRss)} heap ${at(clientHeap)} MB`,
    serverRss && `server rss ${at(serverRss)} heap ${at(serverHeap)} MB`,
    clientIdle && `client ${at(clientIdle)} %, server ${at(serverIdle)} % of a core`,
    outOfOrder && (outOfOrder.max > 0 ? `**order broken** ${short(outOfOrder.max)} times` : 'order kept'),
    repeated && repeated.max > 0 && `**repeated** ${short(repeated.max)} of them`,
    note,
  ]
    .filter((text) => text)
    .join('; ');
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));
