import { describe, it, jest } from '@jest/globals';
import { describeOnKafka } from '../support/kafka.js';
import { expectOutputOfReadme } from './sample-output.js';

jest.setTimeout(60_000);

const SAMPLE = '08-best-offer';

describe('sample 08', () => {
  it('prints what its README says, and ends well', () =>
    expectOutputOfReadme(SAMPLE, { KAFKA_BOOTSTRAP: '', SLOWER: '2' }));
});

describeOnKafka('sample 08 on Kafka', () => {
  it('prints the same', () => expectOutputOfReadme(SAMPLE, { SLOWER: '3' }));
});
