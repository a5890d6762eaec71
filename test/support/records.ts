import type { Broker, ConsumerRecord } from 'nestjs-async-calls';

/** All records that a topic of one partition holds now. */
export async function recordsOf(broker: Broker, topic: string): Promise<ConsumerRecord[]> {
  const admin = broker.createAdmin({ clientId: 'test' });
  const [end] = await admin.listOffsets([{ topic, partition: 0 }], 'latest');
  await admin.close();
  const records: ConsumerRecord[] = [];
  if (!end || end.offset === 0n) return records;
  await new Promise<void>((resolve, reject) => {
    const consumer = broker.createAssignedConsumer(
      { clientId: 'test' },
      {
        listener: {
          onBatch: (batch) => {
            records.push(...batch.records);
            if (records.length >= Number(end.offset)) consumer.close().then(resolve, reject);
          },
        },
      },
    );
    consumer.assign([{ topic, partition: 0, start: 'earliest' }]).catch(reject);
  });
  return records;
}
