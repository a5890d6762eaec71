import { NestFactory } from '@nestjs/core';
import { ClientKafka, type KafkaOptions, Transport } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { connectionOptions, createTopics, topicsOf } from './kafka-connection.js';
import { clientOf, microserviceModuleOf } from './nest-peer.js';
import type { PeerClient, Setting } from './peer.js';
import type { Service } from './service.js';

const optionsOf = (setting: Setting, groupId: string): NonNullable<KafkaOptions['options']> => ({
  client: { ...connectionOptions(setting), clientId: `${groupId}-${setting.instance}` },
  consumer: { groupId },
});

export async function startServer(setting: Setting, service: Service): Promise<undefined> {
  await createTopics(setting);
  const module = microserviceModuleOf(service, topicsOf(setting));
  const app = await NestFactory.createMicroservice<KafkaOptions>(module, {
    transport: Transport.KAFKA,
    options: {
      ...optionsOf(setting, `${setting.name}.server`),
      // Or what comes before the group has its first offsets is lost.
      subscribe: { fromBeginning: true },
      // By default 1: one request at a time, of whichever partition.
      run: { partitionsConsumedConcurrently: setting.concurrency },
    },
  });
  await app.listen();
}

export async function startClient(setting: Setting): Promise<PeerClient> {
  const { call, event } = topicsOf(setting);
  const client = new ClientKafka(optionsOf(setting, `${setting.name}.${setting.instance}`));
  client.subscribeToResponseOf(call);
  await client.connect();
  const unkeyed = clientOf(client, { call, event });
  return {
    ...unkeyed,
    call: (request) =>
      request.lane === undefined
        ? unkeyed.call(request)
        : lastValueFrom(client.send(call, { key: request.lane, value: request })),
  };
}
