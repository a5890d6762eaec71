import { describe, it, jest } from '@jest/globals';
import { expectOutputOfReadme } from './sample-output.js';

jest.setTimeout(120_000);

describe('sample 05', () => {
  it('prints what its README says, and ends well', () => expectOutputOfReadme('05-durable-responses'));
});
