import type { ConsumerRecord } from '../broker/record.js';
import { decodeNestValue } from '../protocol/nest/nest-value.js';

/** A record as Nest's own Kafka transport shows it to handlers. */
export interface PatternMessage {
  readonly topic: string;
  readonly partition: number;
  /** Decimal text. */
  readonly offset: string;
  /** Milliseconds since the epoch, decimal text. */
  readonly timestamp: string;
  readonly attributes: number;
  readonly key: unknown;
  readonly value: unknown;
  /** By name; of one that comes more than once, the first. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The record, with its key, value and headers as Nest reads them: JSON objects and arrays as such, the rest as text. */
export function patternMessageOf({
  topic,
  partition,
  offset,
  timestamp,
  key,
  value,
  headers,
}: ConsumerRecord): PatternMessage {
  const entries = headers.map(([name, bytes]) => [name, decodeNestValue(bytes)] as const);
  return {
    topic,
    partition,
    offset: String(offset),
    timestamp: String(timestamp),
    attributes: 0,
    key: decodeNestValue(key),
    value: decodeNestValue(value),
    headers: Object.fromEntries(entries.toReversed()),
  };
}
