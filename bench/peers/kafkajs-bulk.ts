import { topicsOf } from './kafka-connection.js';
import { messageOf, startProducer } from './kafkajs.js';
import type { PeerClient, Setting } from './peer.js';

export { startServer } from './kafkajs.js';

/** Only one-way calls, many in one request to the broker: what an application could do that has them all at hand. */
export async function startClient(setting: Setting): Promise<PeerClient> {
  const producer = await startProducer(setting);
  const { event: topic } = topicsOf(setting);
  return {
    emitSize: 500,
    emit: (requests) => producer.sendBatch({ topicMessages: [{ topic, messages: requests.map(messageOf) }] }),
  };
}
