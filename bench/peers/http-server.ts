import { Body, type INestApplication, Post } from '@nestjs/common';
import { moduleOf } from './nest-peer.js';
import type { Service } from './service.js';

/** The module of the benchmark for the HTTP platforms. */
export const httpModuleOf = (service: Service) =>
  moduleOf(service, { call: Post('call'), event: Post('event'), payload: Body() });

/** Listens on a free port; resolves with the URL. */
export async function listen(app: INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}
