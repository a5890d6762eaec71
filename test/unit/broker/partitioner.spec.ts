import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { partitionForKey } from '../../../lib/broker/partitioner.js';

describe('partitionForKey', () => {
  // The hashes that Kafka's own UtilsTest expects of its murmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %s is that of the Java client', (key, hash) => {
    const positive = hash & 0x7fffffff;
    for (const partitions of [1, 2, 6, 50, 1_000, 2 ** 31 - 1]) {
      expect(partitionForKey(Buffer.from(key), partitions)).toBe(positive % partitions);
    }
  });

  it('exists for every key', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 10_000 }), (key, partitions) => {
        const partition = partitionForKey(Buffer.from(key), partitions);
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
      }),
    );
  });

  it('spreads keys over all partitions', () => {
    const keys = Array.from({ length: 600 }, (_, index) => Buffer.from(`customer-${index}`));
    const counts = new Map<number, number>();
    for (const key of keys) {
      const partition = partitionForKey(key, 6);
      counts.set(partition, (counts.get(partition) ?? 0) + 1);
    }
    expect(Math.min(...counts.values())).toBeGreaterThan(60);
    expect(counts.size).toBe(6);
  });
});
