import { BrokerError } from '../../lib/broker/broker-error.js';
import type { Producer } from '../../lib/broker/producer.js';
import type { ProducerRecord, TopicPartitionOffset } from '../../lib/broker/record.js';

/** Sends the records, and resolves with their places; rejects with the first error if not all were stored. */
export async function sendAll(
  producer: Pick<Producer, 'send'>,
  records: readonly ProducerRecord[],
): Promise<TopicPartitionOffset[]> {
  return (await producer.send(records)).map((result) => {
    if (result instanceof BrokerError) throw result;
    return result;
  });
}
