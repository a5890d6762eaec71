/** What one measurement does. */
export interface Case {
  /** How many calls are under way at once. */
  readonly inFlight: number;
  /** How many calls there are in all. */
  readonly calls: number;
  /** How many responses each has; one if absent. */
  readonly streamLength?: number;
}

/** What one measurement gives; of streams per response, latencies per call. */
export interface Measurement {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Of the client's process. */
  readonly cpuMicros: number;
}

export const CASES: Readonly<Record<string, Case>> = {
  'echo-1': { inFlight: 1, calls: 500 },
  'echo-10': { inFlight: 10, calls: 3_000 },
  'echo-100': { inFlight: 100, calls: 10_000 },
  'echo-1000': { inFlight: 1_000, calls: 20_000 },
  'stream-1x1000': { inFlight: 1, calls: 10, streamLength: 1_000 },
  'stream-100x100': { inFlight: 100, calls: 200, streamLength: 100 },
};
