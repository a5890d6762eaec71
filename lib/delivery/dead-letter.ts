import type { ConsumerRecord, ProducerRecord, RecordHeader } from '../broker/record.js';
import type { Failed } from './delivery.js';

/** The headers that a dead letter has beside those of the record; the names are Spring's where it has one. */
export const DEAD_LETTER_HEADER = {
  originalTopic: 'kafka_dlt-original-topic',
  originalPartition: 'kafka_dlt-original-partition',
  originalOffset: 'kafka_dlt-original-offset',
  originalTimestamp: 'kafka_dlt-original-timestamp',
  consumerGroup: 'kafka_dlt-original-consumer-group',
  code: 'kafka_dlt-exception-fqcn',
  message: 'kafka_dlt-exception-message',
  attempts: 'ac-dlt-attempts',
} as const;

/** The message is for people; an endless one must not make the letter too large. */
const MAX_MESSAGE_LENGTH = 2_000;

/** Where dead letters go. */
export interface DeadLetterPlace {
  readonly topic: string;
  readonly partition: number;
}

/**
 * The dead letter of a record: its key, value and headers as they came, and in further headers (decimal text where
 * Spring writes binary numbers) where it stood, why it is here and how often it was tried.
 */
export function deadLetterOf(
  record: ConsumerRecord,
  { error, attempts }: Failed,
  groupId: string,
  { topic, partition }: DeadLetterPlace,
): ProducerRecord {
  const header = (name: string, value: string | number | bigint): RecordHeader => [
    name,
    Buffer.from(String(value)),
  ];
  return {
    topic,
    partition,
    key: record.key,
    value: record.value,
    headers: [
      ...record.headers,
      header(DEAD_LETTER_HEADER.originalTopic, record.topic),
      header(DEAD_LETTER_HEADER.originalPartition, record.partition),
      header(DEAD_LETTER_HEADER.originalOffset, record.offset),
      header(DEAD_LETTER_HEADER.originalTimestamp, record.timestamp),
      header(DEAD_LETTER_HEADER.consumerGroup, groupId),
      header(DEAD_LETTER_HEADER.code, error.code),
      header(DEAD_LETTER_HEADER.message, error.message.slice(0, MAX_MESSAGE_LENGTH)),
      header(DEAD_LETTER_HEADER.attempts, attempts),
    ],
  };
}
