import { jest } from '@jest/globals';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { describeOnKafka, kafkaBootstrap } from '../support/kafka.js';
import { describeBroker } from './broker-suite.js';
import { deleteRecordsBefore } from './delete-records.js';

jest.setTimeout(60_000);

describeOnKafka('conformance', () => {
  const brokers = kafkaBootstrap() ?? [];
  describeBroker('kafkajs', () => ({
    broker: kafkajs({ brokers }),
    deleteRecordsBefore: (place) => deleteRecordsBefore(brokers, place),
  }));
});
