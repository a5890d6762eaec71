import { jest } from '@jest/globals';
import { MemoryBroker } from '../../lib/broker/memory/memory-broker.js';
import { MemoryCluster } from '../../lib/broker/memory/memory-cluster.js';
import { systemEnvironment } from '../../lib/environment/system-environment.js';
import { describeBroker } from './broker-suite.js';

// More than the suite's own limits, whose errors say what was missing.
jest.setTimeout(60_000);

describeBroker('memory', () => {
  const cluster = new MemoryCluster(64 * 1024 * 1024, 1_048_588, systemEnvironment);
  return {
    broker: new MemoryBroker(cluster),
    deleteRecordsBefore: async (place) => cluster.topics.get(place).deleteBefore(place.offset),
  };
});
