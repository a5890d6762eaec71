import { describe } from '@jest/globals';
import type { Broker } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { memory } from 'nestjs-async-calls/memory';
import { kafkaBootstrap } from './kafka.js';

/**
 * Defines the same tests for each broker: the one in memory, and a real Kafka where there is one. `newBroker` makes a
 * fresh value; those of Kafka all talk to the same cluster.
 */
export function describeOnBrokers(name: string, define: (newBroker: () => Broker) => void): void {
  const brokers = kafkaBootstrap();
  describe(`${name} (memory)`, () => define(() => memory()));
  (brokers ? describe : describe.skip)(`${name} (Kafka)`, () => {
    define(() => kafkajs({ brokers: brokers ?? [] }));
  });
}
