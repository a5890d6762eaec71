/** The headers of a response of Nest's own Kafka transport, beside the correlation id. */
export const NEST_HEADER = {
  /** There if the record is the last one, whatever its value. */
  isDisposed: 'kafka_nest-is-disposed',
  /** The error that the stream ended with: JSON, or text. */
  error: 'kafka_nest-err',
} as const;
