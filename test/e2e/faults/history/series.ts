import type { HistoryEvent } from './events.js';

/** Whether a call was made in this series. */
export function isOfSeries(call: string, series: string): boolean {
  return call.startsWith(`${series}/`);
}

/** The part of a history that belongs to one series; of what belongs to none, all that came after its first call. */
export function seriesOf(events: readonly HistoryEvent[], series: string): HistoryEvent[] {
  const isOwn = (call: string) => isOfSeries(call, series);
  const runs = new Set(
    events.flatMap((event) => (event.kind === 'started' && isOwn(event.call) ? [event.run] : [])),
  );
  const from = events.find((event) => event.kind === 'sent' && isOwn(event.call))?.at ?? Infinity;
  return events.filter((event) => {
    if ('call' in event) return isOwn(event.call);
    if ('run' in event) return runs.has(event.run);
    return event.at >= from;
  });
}
