import { describe, it, jest } from '@jest/globals';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { describeBroker } from './broker-suite.js';
import { deleteRecordsBefore } from './delete-records.js';

const brokers = process.env.KAFKA_BOOTSTRAP?.split(',');

if (brokers === undefined) {
  describe.skip('broker: kafkajs (set KAFKA_BOOTSTRAP to a broker’s address)', () =>
    it('is skipped', () => {}));
} else {
  jest.setTimeout(60_000);
  describeBroker('kafkajs', () => ({
    broker: kafkajs({ brokers }),
    deleteRecordsBefore: (place) => deleteRecordsBefore(brokers, place),
  }));
}
