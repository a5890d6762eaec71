import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeCompleted,
  encodeCompleted,
  MAX_REMEMBERED_SPAN,
} from '../../../lib/delivery/completed-offsets.js';

const offset = fc.bigInt({ min: 0n, max: 2n ** 62n });

describe('what is done behind a committed offset', () => {
  it('comes back from the metadata, within its span', () => {
    const places = fc.uniqueArray(fc.nat({ max: MAX_REMEMBERED_SPAN + 100 }));
    fc.assert(
      fc.property(offset, places, (start, done) => {
        const completed = decodeCompleted(
          start,
          encodeCompleted(
            start,
            done.map((place) => start + BigInt(place)),
          ),
        );
        const remembered = done
          .filter((place) => place < MAX_REMEMBERED_SPAN)
          .map((place) => start + BigInt(place));
        expect(completed).toEqual(new Set(remembered));
      }),
    );
  });

  it('needs nothing where there is nothing, and never more than a broker takes', () => {
    expect(encodeCompleted(7n, [])).toBe('');
    const all = Array.from({ length: MAX_REMEMBERED_SPAN + 1 }, (_, place) => BigInt(place));
    expect(Buffer.byteLength(encodeCompleted(0n, all))).toBeLessThanOrEqual(4_096);
  });

  it('is nothing in metadata of another make', () => {
    fc.assert(
      fc.property(offset, fc.string(), (start, metadata) => {
        fc.pre(!metadata.startsWith('ac1:'));
        expect(decodeCompleted(start, metadata).size).toBe(0);
      }),
    );
    expect(() => decodeCompleted(0n, 'ac1:%%%not base64')).not.toThrow();
  });
});
