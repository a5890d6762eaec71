import { describe, it, jest } from '@jest/globals';
import { describeOnKafka } from '../support/kafka.js';
import { expectOutputOfReadme } from './sample-output.js';

jest.setTimeout(120_000);

const SAMPLE = '07-random-pizza';

describe('sample 07', () => {
  it('prints what its README says, and ends well', () =>
    expectOutputOfReadme(SAMPLE, { KAFKA_BOOTSTRAP: '' }));
});

describeOnKafka('sample 07 on Kafka', () => {
  it('prints the same', () => expectOutputOfReadme(SAMPLE));
});
