import type { BenchRequest } from '../peers/request.js';

/** Calls for a time; a new one as soon as one has its answer. */
export interface CallsLoad {
  readonly kind: 'calls' | 'round-trips';
  readonly op: 'echo' | 'wait';
  readonly inFlight: number;
  readonly seconds: number;
  /** Of the text in the request, which the answer repeats. */
  readonly bytes: number;
  readonly waitMs?: number;
}

/** As {@link CallsLoad}, each call with the key of a lane; four at a time of one lane follow each other. */
export interface LanesLoad {
  readonly kind: 'lanes';
  readonly lanes: number;
  readonly inFlight: number;
  readonly seconds: number;
  readonly waitMs: number;
  /** One lane more, whose calls take longer and are not measured. */
  readonly slow?: { readonly waitMs: number; readonly inFlight: number };
}

/** So many streams of so many responses. */
export interface StreamsLoad {
  readonly kind: 'streams';
  readonly op: 'stream' | 'turns' | 'iterable';
  readonly inFlight: number;
  readonly calls: number;
  readonly length: number;
}

/** So many one-way calls. */
export interface EventsLoad {
  readonly kind: 'events';
  readonly callers: number;
  readonly count: number;
}

/** So many calls that wait for their answers all at once. */
export interface PendingLoad {
  readonly kind: 'pending';
  readonly count: number;
}

export type Load = CallsLoad | LanesLoad | StreamsLoad | EventsLoad | PendingLoad;

/** What the client's process has measured; times in milliseconds. */
export interface LoadResult {
  /** Or responses, or one-way calls. */
  readonly answers: number;
  /** As `Date.now()`. */
  readonly startedAt: number;
  readonly ms: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** What a pending call takes in the client's memory. */
  readonly bytesPerCall?: number;
}

/** The form for `--quick`: enough to see that everything works, too little to measure. */
export function shortened(load: Load): Load {
  switch (load.kind) {
    case 'calls':
    case 'round-trips':
    case 'lanes':
      return { ...load, seconds: 0.3 };
    case 'streams':
      return { ...load, calls: Math.min(load.calls, load.inFlight), length: Math.ceil(load.length / 20) };
    case 'events':
    case 'pending':
      return { ...load, count: Math.ceil(load.count / 20) };
  }
}

/** How much it is, in words. */
export function sizeOf(load: Load): string {
  if (load.kind === 'streams') return `${load.calls} × ${load.length} responses`;
  return 'count' in load ? `${load.count} calls` : `${load.seconds} s`;
}

/** 200 bytes as JSON, with its number and operation. */
export const TEXT_BYTES = 170;

export const textOf = (bytes: number): NonNullable<BenchRequest['text']> => 'x'.repeat(bytes);
