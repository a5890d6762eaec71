import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  AsyncCallsModule,
  AsyncEndpoint,
  asyncCallsMicroservice,
} from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { lastValueFrom } from 'rxjs';
import { connectionOptions } from './kafka-connection.js';
import { clientOf, controllerOf } from './nest-peer.js';
import type { PeerClient, Setting } from './peer.js';
import type { Service } from './service.js';

function appModule(setting: Setting, service: string, controllers: ReturnType<typeof controllerOf>[] = []) {
  const { instance, partitions, concurrency } = setting;
  @Module({
    imports: [
      AsyncCallsModule.forRoot({
        service,
        instance,
        broker: kafkajs(connectionOptions(setting)),
        topics: { requests: { partitions } },
        ...(concurrency !== undefined && { delivery: { concurrency } }),
      }),
    ],
    controllers,
  })
  class AppModule {}
  return AppModule;
}

export async function startServer(setting: Setting, service: Service): Promise<undefined> {
  const controller = controllerOf(service, {
    call: AsyncEndpoint('/call'),
    event: AsyncEndpoint('/event'),
    payload: Payload(),
  });
  const module = appModule(setting, `${setting.name}.server`, [controller]);
  await (await NestFactory.createMicroservice(module, asyncCallsMicroservice())).listen();
}

export async function startClient(setting: Setting): Promise<PeerClient> {
  const app = await NestFactory.createApplicationContext(appModule(setting, `${setting.name}.client`));
  const client = app.get(AsyncCallsClient);
  await client.connect();
  const target = `${setting.name}.server/call`;
  const unkeyed = clientOf(client, { call: target, event: `${setting.name}.server/event` });
  return {
    ...unkeyed,
    call: (request) =>
      request.lane === undefined
        ? unkeyed.call(request)
        : lastValueFrom(client.to(target, { key: request.lane }).send(request)),
  };
}
