import type { Broker } from '../broker/broker.js';
import type { Environment } from '../environment/environment.js';
import { systemEnvironment } from '../environment/system-environment.js';

/** What the services of an application run in: a testing module puts its own in its place. */
export interface Surroundings {
  /** The time and the chance of every service. */
  readonly environment: Environment;
  /** The broker that a service gets in place of the one in its options, or that one. */
  brokerOf(configured: Broker, service: string): Broker;
}

/** By this each `AsyncCallsModule` asks for its {@link Surroundings}; to be overridden in testing modules. */
export const ASYNC_CALLS_ENVIRONMENT = Symbol('nestjs-async-calls: environment');

/** The process's own time and chance, and the brokers as they are configured. */
export const SYSTEM_SURROUNDINGS: Surroundings = {
  environment: systemEnvironment,
  brokerOf: (configured) => configured,
};
