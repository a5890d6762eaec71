/** A timer that was set. */
export interface TimerHandle {
  /** Starts it anew, with the time it was set with. Also one that has gone off. */
  refresh(): unknown;
}

/**
 * Time and chance: all that the library does by the clock or at random it asks for here, so that tests can put
 * their own in its place. Only the drivers of remote brokers have their own time: the network has it, too.
 */
export interface Environment {
  /** The time of day, in milliseconds since 1970; it may be set back. */
  now(): number;
  /** A time that never goes back, in milliseconds, to measure durations with. */
  uptime(): number;
  /** A number from 0, to below 1. */
  random(): number;
  randomBytes(size: number): Buffer;
  /** Each task runs in the async context in which it was set. */
  setTimeout(task: () => void, ms: number): TimerHandle;
  clearTimeout(timer: TimerHandle | undefined): void;
  setInterval(task: () => void, ms: number): TimerHandle;
  clearInterval(timer: TimerHandle | undefined): void;
  /** Keeps the process running until the returned function is called, as an open socket does. */
  keepAlive(): () => void;
  /** Runs a task when everything else of this turn of the event loop has run. */
  setImmediate(task: () => void): void;
}
