import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PartitionLog } from '../../../lib/broker/memory/log.js';
import { recordBytes } from '../../../lib/broker/memory/stored-record.js';
import type { ProducerRecord } from '../../../lib/broker/record.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';

const everything = { maxRecords: Infinity, maxBytes: Infinity };

function recordOf(size: number, timestamp = 0): ProducerRecord {
  return { topic: 't', partition: 0, key: null, value: Buffer.alloc(size), headers: [], timestamp };
}

function logOf(count: number, retentionBytes = Infinity): PartitionLog {
  const log = new PartitionLog(retentionBytes, systemEnvironment);
  for (let index = 0; index < count; index++) log.append(recordOf(10, index * 10));
  return log;
}

const offsets = (log: PartitionLog, from: bigint, limits = everything) =>
  log.read(from, limits).map(({ offset }) => offset);

describe('PartitionLog', () => {
  it('reads from an offset on, up to the limits', () => {
    const log = logOf(10);
    expect(offsets(log, 7n)).toEqual([7n, 8n, 9n]);
    expect(offsets(log, 10n)).toEqual([]);
    expect(offsets(log, 2n, { ...everything, maxRecords: 3 })).toEqual([2n, 3n, 4n]);
    expect(offsets(log, 2n, { ...everything, maxBytes: 2 * recordBytes(recordOf(10)) })).toEqual([2n, 3n]);
    expect(offsets(log, 2n, { ...everything, maxBytes: 1 })).toEqual([2n]);
  });

  it('finds the first record from a time on', () => {
    const log = logOf(5);
    expect(log.offsetAt({ timestampMs: 20 })).toBe(2n);
    expect(log.offsetAt({ timestampMs: 21 })).toBe(3n);
    expect(log.offsetAt({ timestampMs: 41 })).toBe(5n);
    log.deleteBefore(3n);
    expect(log.offsetAt({ timestampMs: 0 })).toBe(3n);
  });

  it('goes on at the earliest where there is and will be no record', () => {
    const log = logOf(5);
    log.deleteBefore(2n);
    expect([0n, 1n, 2n, 5n, 6n].map((position) => log.inRange(position))).toEqual([2n, 2n, 2n, 5n, 2n]);
  });

  it('keeps its offsets when all records are deleted', () => {
    const log = logOf(5);
    log.deleteBefore(99n);
    expect([log.startOffset, log.endOffset]).toEqual([5n, 5n]);
    expect(log.append(recordOf(1))).toBe(5n);
    expect(offsets(log, 5n)).toEqual([5n]);
  });

  it('keeps the newest record, however large', () => {
    const log = logOf(5, 100);
    log.append(recordOf(1_000));
    expect(offsets(log, log.startOffset)).toEqual([5n]);
  });

  it('takes no more room than its retention, whatever the sizes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2_000), { maxLength: 300 }),
        fc.integer({ min: 5_000, max: 50_000 }),
        (sizes, limit) => {
          const log = new PartitionLog(limit, systemEnvironment);
          for (const [index, size] of sizes.entries()) {
            const before = log.startOffset;
            expect(log.append(recordOf(size))).toBe(BigInt(index));
            expect(log.startOffset).toBeGreaterThanOrEqual(before);
          }
          const kept = log.read(log.startOffset, everything);
          expect(kept.map(({ value }) => value!.length)).toEqual(sizes.slice(Number(log.startOffset)));
          expect(kept.reduce((sum, record) => sum + recordBytes(record), 0)).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('reads the same after many drops', () => {
    const log = logOf(10_000, 100_000);
    expect(log.startOffset).toBeGreaterThan(9_000n);
    expect(log.endOffset).toBe(10_000n);
    expect(offsets(log, 9_990n)).toEqual(Array.from({ length: 10 }, (_, index) => BigInt(9_990 + index)));
    expect(log.read(9_990n, everything)[0].timestamp).toBe(99_900);
  });
});
