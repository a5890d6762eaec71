import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fifo } from '../../../lib/collections/fifo.js';

type Step = number | 'take' | 'take the even ones';

const step = fc.oneof(fc.nat(100), fc.constantFrom<Step>('take', 'take the even ones'));

/** What a step takes, of an array that is the model and of the queue. */
function run(taken: Step, model: number[], fifo: Fifo<number>): [expected: unknown, actual: unknown] {
  const isEven = (item: number) => item % 2 === 0;
  switch (taken) {
    case 'take':
      return [model.shift(), fifo.take()];
    case 'take the even ones': {
      const even = model.filter(isEven);
      model.splice(0, model.length, ...model.filter((item) => !isEven(item)));
      return [even, fifo.takeAll(isEven)];
    }
    default:
      return [model.push(taken) && undefined, fifo.push(taken)];
  }
}

describe('Fifo', () => {
  it('gives back in the order in which it takes', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const model: number[] = [];
        const fifo = new Fifo<number>();
        for (const each of steps) {
          const [expected, actual] = run(each, model, fifo);
          expect(actual).toEqual(expected);
          expect([fifo.length, fifo.peek()]).toEqual([model.length, model[0]]);
        }
      }),
    );
  });
});
