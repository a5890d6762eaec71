/** How many calls a round makes of each kind. */
export const CALLS = 1_000;

/** What something has taken, in milliseconds. */
export interface Cost {
  readonly clock: number;
  /** Of all threads; other programs on the machine disturb it less. */
  readonly cpu: number;
}

/** A round. */
export interface Measured {
  /** The first application of a process, with loaded modules. */
  readonly firstStart: Cost;
  /** Another one after it. */
  readonly nextStart: Cost;
  readonly oneByOne: Cost;
  readonly atOnce: Cost;
  /** Calls with four responses, one by one. */
  readonly streams: Cost;
  /** Of all that was sent in the round. */
  readonly transcript: Cost;
  /** An hour of virtual time in which nothing is called. */
  readonly hour: Cost;
}
