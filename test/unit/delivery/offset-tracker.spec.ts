import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OffsetTracker } from '../../../lib/delivery/offset-tracker.js';

function trackerOf(...offsets: bigint[]): OffsetTracker {
  const tracker = new OffsetTracker(offsets[0] ?? 0n);
  for (const offset of offsets) tracker.add(offset);
  return tracker;
}

describe('OffsetTracker', () => {
  it('stands where it starts before anything is done', () => {
    expect(trackerOf(5n).position).toBe(5n);
  });

  it('does not have run what an earlier owner has done', () => {
    const tracker = new OffsetTracker(5n, new Set([5n, 7n]));
    expect([5n, 6n, 7n, 8n].map((offset) => tracker.add(offset))).toEqual([false, true, false, true]);
    expect(tracker.position).toBe(6n);
    tracker.settle(6n);
    expect(tracker.position).toBe(8n);
  });

  it('moves behind the last record of those that are done without a gap', () => {
    const tracker = trackerOf(5n, 6n, 7n);
    expect(tracker.settle(6n)).toBe(false);
    expect(tracker.position).toBe(5n);
    expect(tracker.settle(5n)).toBe(true);
    expect(tracker.position).toBe(7n);
    expect(tracker.pending).toBe(1);
  });

  it('does not wait for offsets that hold no record', () => {
    const tracker = trackerOf(5n, 9n);
    tracker.settle(5n);
    expect(tracker.position).toBe(6n);
    tracker.settle(9n);
    expect(tracker.position).toBe(10n);
  });

  it('goes on after it was empty', () => {
    const tracker = trackerOf(1n);
    tracker.settle(1n);
    tracker.add(2n);
    expect([tracker.position, tracker.pending]).toEqual([2n, 1]);
  });

  it('keeps thousands behind one that is not done', () => {
    const tracker = trackerOf();
    for (let offset = 0n; offset < 5_000n; offset += 1n) tracker.add(offset);
    for (let offset = 4_999n; offset > 2_000n; offset -= 1n) tracker.settle(offset);
    for (let offset = 0n; offset < 2_000n; offset += 1n) tracker.settle(offset);
    expect([tracker.position, tracker.pending]).toEqual([2_000n, 3_000]);
    tracker.settle(2_000n);
    expect([tracker.position, tracker.pending]).toEqual([5_000n, 0]);
  });

  const anyStep = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ settle: fc.nat() }),
  );

  it('never commits past a record that is not done, whatever ends first', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 100 }), (steps) => {
        const tracker = new OffsetTracker(0n);
        const model: { offset: bigint; done: boolean }[] = [];
        for (const step of steps) {
          const before = tracker.position;
          if ('add' in step) {
            const offset = (model.at(-1)?.offset ?? 0n) + BigInt(step.add);
            model.push({ offset, done: false });
            tracker.add(offset);
          } else {
            const running = model.filter(({ done }) => !done);
            const record = running[step.settle % running.length];
            if (!record) continue;
            record.done = true;
            expect(tracker.settle(record.offset)).toBe(tracker.position !== before);
          }
          const open = model.findIndex(({ done }) => !done);
          const doneInOrder = open < 0 ? model : model.slice(0, open);
          const last = doneInOrder.at(-1);
          expect(tracker.position).toBe(last ? last.offset + 1n : 0n);
          const doneBehind = model.slice(doneInOrder.length).filter(({ done }) => done);
          expect(new Set(tracker.completed)).toEqual(new Set(doneBehind.map(({ offset }) => offset)));
          expect(tracker.pending).toBe(model.length - doneInOrder.length);
        }
      }),
      { numRuns: 200 },
    );
  });
});
