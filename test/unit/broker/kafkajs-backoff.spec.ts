import { expect, it } from '@jest/globals';
import { backoffMs } from '../../../lib/broker/kafkajs/backoff.js';

it.each([
  [undefined, [100, 200, 400, 500, 500]],
  [5_000, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]],
])('pauses grow up to their limit of %p ms, less a quarter at most', (longestMs, expected) => {
  for (const [failures, longest] of expected.entries()) {
    const ms = backoffMs(failures, longestMs);
    expect(ms).toBeGreaterThanOrEqual(longest * 0.75);
    expect(ms).toBeLessThanOrEqual(longest);
  }
});
