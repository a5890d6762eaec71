import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fifo } from '../../../lib/delivery/fifo.js';

describe('Fifo', () => {
  it('gives what it was given, in that order, however it is used', () => {
    const anySteps = fc.array(fc.record({ pushed: fc.nat(3_000), shifted: fc.nat(3_000) }), { maxLength: 6 });
    fc.assert(
      fc.property(anySteps, (steps) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        let next = 0;
        for (const { pushed, shifted } of steps) {
          for (let left = pushed; left > 0; left -= 1) {
            fifo.push(next);
            model.push(next);
            next += 1;
          }
          const gone = Array.from({ length: shifted }, () => fifo.shift());
          const expected = model.splice(0, shifted);
          expect(gone).toEqual([...expected, ...Array<undefined>(shifted - expected.length)]);
          expect([fifo.length, fifo.first]).toEqual([model.length, model[0]]);
        }
      }),
      { numRuns: 50 },
    );
  });
});
