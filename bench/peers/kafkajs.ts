import { randomUUID } from 'node:crypto';
import { Kafka, type Message, type KafkaMessage, logLevel } from 'kafkajs';
import { connectionOptions, createTopics, topicsOf } from './kafka-connection.js';
import type { PeerClient, Setting } from './peer.js';
import type { BenchRequest } from './request.js';
import type { Service } from './service.js';

const CORRELATION_ID = 'correlation-id';

const kafkaOf = (setting: Setting) =>
  new Kafka({ ...connectionOptions(setting), clientId: setting.name, logLevel: logLevel.ERROR });

const bodyOf = ({ value }: KafkaMessage): unknown => JSON.parse(value?.toString() ?? 'null');

/** A record of a request, without a correlation id. */
export const messageOf = (request: BenchRequest): Message => ({
  ...(request.lane === undefined ? {} : { key: request.lane }),
  value: JSON.stringify(request),
});

export async function startProducer(setting: Setting) {
  const producer = kafkaOf(setting).producer();
  await producer.connect();
  return producer;
}

async function startConsumer(
  setting: Setting,
  groupId: string,
  topics: string[],
  take: (topic: string, message: KafkaMessage) => Promise<unknown> | void,
) {
  const consumer = kafkaOf(setting).consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: groupId.endsWith('.server') });
  await consumer.run({
    eachMessage: async ({ topic, message }) => {
      await take(topic, message);
    },
  });
}

export async function startServer(setting: Setting, service: Service): Promise<undefined> {
  await createTopics(setting);
  const { call, reply, event } = topicsOf(setting);
  const producer = await startProducer(setting);
  await startConsumer(setting, `${setting.name}.server`, [call, event], async (topic, message) => {
    const request = bodyOf(message) as BenchRequest;
    if (topic === event) return service.event(request);
    const value = JSON.stringify(await service.call(request));
    await producer.send({ topic: reply, messages: [{ value, headers: message.headers }] });
  });
}

export async function startClient(setting: Setting): Promise<PeerClient> {
  const { call, reply, event } = topicsOf(setting);
  const pending = new Map<string, (answer: unknown) => void>();
  const producer = await startProducer(setting);
  await startConsumer(setting, `${setting.name}.${setting.instance}`, [reply], (_topic, message) => {
    const id = message.headers?.[CORRELATION_ID]?.toString() ?? '';
    pending.get(id)?.(bodyOf(message));
    pending.delete(id);
  });
  const callBy = async (topic: string, request: BenchRequest) => {
    const id = randomUUID();
    const answer = new Promise((resolve) => pending.set(id, resolve));
    await producer.send({ topic, messages: [{ ...messageOf(request), headers: { [CORRELATION_ID]: id } }] });
    return answer;
  };
  return {
    call: (request) => callBy(call, request),
    roundTrip: (request) => callBy(reply, request),
    emit: ([request]) => producer.send({ topic: event, messages: [messageOf(request)] }),
  };
}
