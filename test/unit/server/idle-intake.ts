import { SETTLED } from '../../../lib/delivery/delivery.js';
import { Intake } from '../../../lib/server/intake.js';

/** For partitions of which nothing is run. */
export const IDLE_INTAKE = new Intake({
  concurrency: 1,
  maxInFlight: 1,
  handle: () => Promise.resolve(SETTLED.served),
  laneOf: () => null,
});
