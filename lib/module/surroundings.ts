import type { OnCall } from '../client/client-options.js';
import type { OnEnded } from '../delivery/delivery.js';
import type { Environment } from '../environment/environment.js';
import { systemEnvironment } from '../environment/system-environment.js';
import type { AsyncCallsOptions } from './async-calls-options.js';

/** What the services of an application run in: a testing module puts its own in its place. */
export interface Surroundings {
  /** The time and the chance of every service. */
  readonly environment: Environment;
  /** What a service runs with in place of what it was configured with. */
  optionsOf(configured: AsyncCallsOptions): AsyncCallsOptions;
  /** Hears of each call that a service makes; absent for nobody. */
  readonly onCall?: OnCall;
  /** Hears of the end of each record that a service was handed; absent for nobody. */
  readonly onEnded?: OnEnded;
}

/** By this each `AsyncCallsModule` asks for its {@link Surroundings}; to be overridden in testing modules. */
export const ASYNC_CALLS_SURROUNDINGS = Symbol('nestjs-async-calls: surroundings');

/** The process's own time and chance, and services as they are configured. */
export const SYSTEM_SURROUNDINGS: Surroundings = {
  environment: systemEnvironment,
  optionsOf: (configured) => configured,
};
