import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { httpModuleOf, listen } from './http-server.js';
import type { Setting } from './peer.js';
import type { Service } from './service.js';

export { startClient } from './http-client.js';

export async function startServer(_setting: Setting, service: Service): Promise<string> {
  const app = await NestFactory.create<NestExpressApplication>(httpModuleOf(service));
  // The default, 100 kB, is less than the largest case sends.
  app.useBodyParser('json', { limit: '1mb' });
  return listen(app);
}
