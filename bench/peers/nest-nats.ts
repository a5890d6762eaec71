import { NestFactory } from '@nestjs/core';
import { ClientNats, type NatsOptions, Transport } from '@nestjs/microservices';
import { clientOf, microserviceModuleOf } from './nest-peer.js';
import type { PeerClient, Setting } from './peer.js';
import type { Service } from './service.js';

const patternsOf = ({ name }: Setting) => ({ call: `${name}.call`, event: `${name}.event` });
const serversOf = ({ natsUrl }: Setting) => ({ servers: natsUrl === undefined ? [] : [natsUrl] });

export async function startServer(setting: Setting, service: Service): Promise<undefined> {
  const module = microserviceModuleOf(service, patternsOf(setting));
  const app = await NestFactory.createMicroservice<NatsOptions>(module, {
    transport: Transport.NATS,
    options: { ...serversOf(setting), queue: setting.name },
  });
  await app.listen();
}

export async function startClient(setting: Setting): Promise<PeerClient> {
  const client = new ClientNats(serversOf(setting));
  await client.connect();
  return clientOf(client, patternsOf(setting));
}
