import type { TopicSpec } from '../broker/admin.js';
import type { AsyncCallError } from '../errors/async-call-error.js';

/** A topic that calls are written to. */
export interface Destination {
  readonly topic: string;
  /** How it is created if it does not exist; absent where that is for others to do. */
  readonly spec?: TopicSpec;
  /** What calls fail with if it does not exist. */
  missing(): AsyncCallError;
}
