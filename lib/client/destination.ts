import type { AsyncCallError } from '../errors/async-call-error.js';

/** A topic that calls are written to. */
export interface Destination {
  readonly topic: string;
  /** What calls fail with if it does not exist. */
  missing(): AsyncCallError;
}
