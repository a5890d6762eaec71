import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { httpModuleOf, listen } from './http-server.js';
import type { Setting } from './peer.js';
import type { Service } from './service.js';

export { startClient } from './http-client.js';

export async function startServer(_setting: Setting, service: Service): Promise<string> {
  return listen(
    await NestFactory.create<NestFastifyApplication>(httpModuleOf(service), new FastifyAdapter()),
  );
}
