import type { Environment } from '../environment/environment.js';

/** The environment of one simulated process. */
export interface ProcessEnvironment extends Environment {
  /** The process is gone: its timers do not go off, its tasks do not run. */
  end(): void;
}

/** How time passes in a test. */
export interface TestTime {
  createProcess(): ProcessEnvironment;
  /** Milliseconds since the test began. */
  readonly elapsed: number;
  /** Lets so much time pass, with everything that happens meanwhile, in its order. */
  advance(ms: number): Promise<void>;
  /** Resolves when nothing moves any more without time, as far as can be told. */
  rest(): Promise<void>;
}
