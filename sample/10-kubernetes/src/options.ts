// What the numbers of the manifests are derived from; the README says how.
import type { AsyncCallsOptions } from 'nestjs-async-calls';
import type { AsyncCallsHealthOptions } from 'nestjs-async-calls/health';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import type { Settings } from './environment.js';

/** The payments of one request are booked one after the other: no request takes more than 100. */
export const MAX_PAYMENTS = 100;
/** Connections to the ledger's database that one instance may have. */
export const POOL_SIZE = 20;

/** Twice what 100 payments take. */
const LONGEST_REQUEST_MS = 20_000;

export function asyncCallsOptions({ instance, broker }: Settings): AsyncCallsOptions {
  return {
    service: 'payments',
    instance,
    broker: kafkajs(broker),
    topics: { requests: { partitions: 12 } },
    delivery: {
      // A request holds one connection: more requests at once would only wait for one.
      concurrency: POOL_SIZE,
      // Few wait here that a new instance could take; the others wait in Kafka.
      maxInFlight: 2 * POOL_SIZE,
      maxHandlerMs: LONGEST_REQUEST_MS,
      // What runs when the instance is stopped can end.
      drainTimeoutMs: LONGEST_REQUEST_MS,
    },
  };
}

export function healthOptions({ probes }: Settings): AsyncCallsHealthOptions {
  return { server: probes };
}
