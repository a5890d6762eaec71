import { ClientKafka } from '@nestjs/microservices';
import type { Broker } from 'nestjs-async-calls';
import { lastValueFrom } from 'rxjs';

/** What a caller gets that has not moved yet. */
export async function callByNestsOwnClient(brokers: string[], broker: Broker): Promise<number> {
  // Nest leaves the topic of its replies to the broker, which may not be allowed to create it.
  const admin = broker.createAdmin({ clientId: 'sample' });
  await admin.createTopics([{ topic: 'math.sum.reply', partitions: 1 }]);
  await admin.close();
  const client = new ClientKafka({ client: { brokers }, consumer: { groupId: 'old-pupil' } });
  client.subscribeToResponseOf('math.sum');
  await client.connect();
  try {
    return await lastValueFrom(client.send<number>('math.sum', [10, 11, 12]));
  } finally {
    await client.close();
  }
}
