/** What each process of a stage is started with. */
export interface StageSettings {
  readonly service: string;
  readonly brokers: readonly string[];
  /** Of this process, in the history and in the headers of its records. */
  readonly name: string;
  /** The folder in which the history is written down. */
  readonly history: string;
  /** From the beginning of a shutdown, when an instance is not ready any more, until it takes nothing more. */
  readonly drainDelayMs: number;
}

/** A killed instance's partitions go to others after this time; longer than a busy machine stands still. */
export const SESSION_TIMEOUT_MS = 6_000;
/** So long a connection may be silent before it is given up. */
export const REQUEST_TIMEOUT_MS = 5_000;
