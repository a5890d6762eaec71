import { expect, it } from '@jest/globals';
import { Arrivals } from '../../../lib/delivery/arrivals.js';

it('tells when the batch came that the oldest record belongs to', () => {
  const arrivals = new Arrivals();
  expect(arrivals.timeOf(0n)).toBeUndefined();
  arrivals.add(0n, 100, 0n);
  expect(arrivals.timeOf(0n)).toBe(100);
  arrivals.add(10n, 200, 4n);
  arrivals.add(20n, 300, 4n);
  expect(arrivals.timeOf(4n)).toBe(100);
  expect(arrivals.timeOf(9n)).toBe(100);
  expect(arrivals.timeOf(10n)).toBe(200);
  expect(arrivals.timeOf(25n)).toBe(300);
});

it('forgets batches that are done, whether or not somebody asks', () => {
  const arrivals = new Arrivals();
  for (let offset = 0n; offset < 1_000n; offset += 1n) arrivals.add(offset, Number(offset), offset);
  expect(arrivals.timeOf(999n)).toBe(999);
});
