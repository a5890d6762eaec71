/** What each process of a stage is started with. */
export interface StageSettings {
  readonly service: string;
  readonly brokers: readonly string[];
  /** Of this process, in the history and in the headers of its records. */
  readonly name: string;
  /** The folder in which the history is written down. */
  readonly history: string;
}

/** A killed instance's partitions go to others after this time; the cluster has to allow it. */
export const SESSION_TIMEOUT_MS = 3_000;
/** From the beginning of a shutdown, when an instance is not ready any more, until it takes nothing more. */
export const DRAIN_DELAY_MS = 200;
/** So long a connection may be silent before it is given up. */
export const REQUEST_TIMEOUT_MS = 5_000;
