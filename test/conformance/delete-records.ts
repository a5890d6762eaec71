import kafkajs from 'kafkajs';
import type { TopicPartitionOffset } from '../../lib/broker/record.js';

/** Deletes records of a real Kafka, as its retention would; the port has no operation for that. */
export async function deleteRecordsBefore(
  brokers: string[],
  { topic, partition, offset }: TopicPartitionOffset,
): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    // It loads the topic's metadata, which deleteTopicRecords relies on.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: `${offset}` }] });
  } finally {
    await admin.disconnect();
  }
}
