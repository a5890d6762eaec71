import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SeededRandom } from '../../../lib/testing/random.js';

const numbersOf = (seed: number, count = 50) => {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => random.next());
};

describe('seeded random numbers', () => {
  it('are from 0, to below 1, and the same for the same seed alone', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const numbers = numbersOf(seed);
        expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
        expect(new Set(numbers).size).toBeGreaterThan(40);
        expect(numbersOf(seed)).toEqual(numbers);
        expect(numbersOf(seed + 1)).not.toEqual(numbers);
      }),
    );
  });

  it('are spread evenly, also over the first numbers of seeds that follow each other', () => {
    const tenths = (numbers: readonly number[]) => {
      const counts = Array.from({ length: 10 }, () => 0);
      for (const number of numbers) counts[Math.floor(number * 10)] += 1;
      return counts;
    };
    const firsts = Array.from({ length: 10_000 }, (_, seed) => numbersOf(seed, 1)[0]);
    for (const counts of [tenths(numbersOf(1, 10_000)), tenths(firsts)]) {
      expect(Math.min(...counts)).toBeGreaterThan(850);
      expect(Math.max(...counts)).toBeLessThan(1_150);
    }
  });

  it('are whole numbers below a limit, each of which comes', () => {
    const random = new SeededRandom(7);
    const numbers = Array.from({ length: 200 }, () => random.below(5));
    expect(new Set(numbers)).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it('make what is certain true, and what is impossible not', () => {
    const random = new SeededRandom(7);
    const chances = (probability: number) =>
      new Set(Array.from({ length: 100 }, () => random.chance(probability)));
    expect([chances(0), chances(1), chances(0.5)]).toEqual([
      new Set([false]),
      new Set([true]),
      new Set([false, true]),
    ]);
  });

  it('are bytes, too', () => {
    const bytes = new SeededRandom(7).bytes(64);
    expect(bytes).toHaveLength(64);
    expect(new Set(bytes).size).toBeGreaterThan(40);
    expect(new SeededRandom(7).bytes(64)).toEqual(bytes);
  });
});
