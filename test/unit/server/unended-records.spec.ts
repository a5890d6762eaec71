import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import type { PartitionHealth } from '../../../lib/server/server-health.js';
import { UnendedRecords } from '../../../lib/server/unended-records.js';
import { partition } from '../health/snapshots.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function watch(warnAfterMs: number, partitions: () => Partial<PartitionHealth>[]) {
  const told: string[] = [];
  const unended = new UnendedRecords({
    environment: systemEnvironment,
    logger: { warn: (message: string) => void told.push(message), error: () => undefined },
    warnAfterMs,
    groups: () => [{ groupId: 'pizza', partitions: partitions().map(partition) }],
  });
  unended.start();
  return { told, unended };
}

it('are told once, when they have not ended for so long and others are behind them', () => {
  const since = Date.now();
  let offset = 17n;
  const at = { unsettledSince: since };
  const { told, unended } = watch(60_000, () => [
    { ...at, partition: 0, offset, inFlight: 3, holdsBack: false },
    { ...at, partition: 1, offset: 5n, inFlight: 1, holdsBack: true },
    { ...at, partition: 2, offset: 6n, inFlight: 1, holdsBack: false },
    { ...at, partition: 3, offset: 7n, inFlight: 0, unsettledSince: undefined },
  ]);
  jest.advanceTimersByTime(59_000);
  expect(told).toEqual([]);
  jest.advanceTimersByTime(61_000);
  expect(told).toEqual([
    expect.stringMatching(/^pizza\.requests\[0\]@17 has not ended for 60 s\..*under way: 3.*maxHandlerMs/),
    expect.stringMatching(/^pizza\.requests\[1\]@5 has not ended for 60 s\..*under way: 1/),
  ]);
  offset = 18n;
  jest.advanceTimersByTime(10_000);
  expect(told.slice(2)).toEqual([expect.stringMatching(/^pizza\.requests\[0\]@18 has not ended/)]);

  unended.stop();
  offset = 19n;
  jest.advanceTimersByTime(60_000);
  expect(told).toHaveLength(3);
});

it('are not told where nobody wants to know', () => {
  const stuck = { unsettledSince: 0, inFlight: 2, holdsBack: true };
  const { told } = watch(Number.POSITIVE_INFINITY, () => [stuck]);
  jest.advanceTimersByTime(3_600_000);
  expect(told).toEqual([]);
});
