import { describe, expect, it, jest } from '@jest/globals';
import { runSample } from './sample-output.js';

jest.setTimeout(120_000);

/** The instance that has been told to stop may have sent one more position before it heard of it. */
const POSITION_4 = 'position 4 of 6, says courier-';

describe('sample 02', () => {
  it('prints what its README says, and ends well', async () => {
    const { expected, printed, code } = await runSample('02-restart-in-mid-stream');
    const early = expected.map((line) => (line.startsWith(POSITION_4) ? `${POSITION_4}a` : line));
    expect(early).not.toEqual(expected);
    expect([expected, early]).toContainEqual(printed);
    expect(code).toBe(0);
  });
});
