import type { Broker } from '../broker/broker.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { AsyncCallsTesting, type TestingOptions } from './async-calls-testing.js';
import type { TestedApplication } from './test-application.js';

/** The `describe` of jest, vitest or mocha. */
export interface Describe {
  (name: string, body: () => void): unknown;
  readonly skip: (name: string, body: () => void) => unknown;
}

/** The broker that a spec runs on. */
export interface SpecBroker {
  readonly name: 'memory' | 'Kafka';
  /** {@link AsyncCallsTesting.start} on this broker. */
  start(
    applications: TestedApplication | readonly TestedApplication[],
    options?: Omit<TestingOptions, 'broker'>,
  ): Promise<AsyncCallsTesting>;
}

/** What a spec runs on. */
export interface DescribeOptions {
  /** Makes the driver of the real broker. Default: `kafkajs` with the brokers in `KAFKA_BOOTSTRAP`, if that is set. */
  readonly kafka?: () => Broker | Promise<Broker>;
  /** Default: the global one. */
  readonly describe?: Describe;
}

/**
 * Describes the same spec twice: on the memory broker with virtual time, and on a real one with real time. Without a real
 * one it is skipped there, and says so.
 */
export function describeOnBrokers(
  name: string,
  body: (broker: SpecBroker) => void,
  { kafka, describe = globalDescribe() }: DescribeOptions = {},
): void {
  describe(`${name} on the memory broker`, () =>
    body({
      name: 'memory',
      start: (applications, options) => AsyncCallsTesting.start(applications, options),
    }));
  const bootstrap = process.env.KAFKA_BOOTSTRAP;
  const makeBroker = kafka ?? (bootstrap ? () => kafkajsOn(bootstrap) : undefined);
  const title = `${name} on Kafka`;
  const spec: SpecBroker = {
    name: 'Kafka',
    start: async (applications, options) =>
      AsyncCallsTesting.start(applications, { ...options, broker: await makeBroker?.() }),
  };
  if (makeBroker) describe(title, () => body(spec));
  else describe.skip(`${title} (skipped: KAFKA_BOOTSTRAP is not set)`, () => body(spec));
}

async function kafkajsOn(bootstrap: string): Promise<Broker> {
  // Who tests in memory alone need not have it.
  const { kafkajs } = await import('../broker/kafkajs/index.js');
  return kafkajs({ brokers: bootstrap.split(',') });
}

function globalDescribe(): Describe {
  const { describe } = globalThis as { describe?: Describe };
  if (describe) return describe;
  throw new AsyncCallError(
    'invalid-argument',
    'There is no global describe: give the one of your test runner, describeOnBrokers(name, body, { describe }).',
  );
}
