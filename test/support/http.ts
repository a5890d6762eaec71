import { describe } from '@jest/globals';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
// First: its connections are closed before the servers.
import './events-client.js';
import type { Broker } from 'nestjs-async-calls';
import { describeOnBrokers } from './brokers.js';
import { type Service, type ServiceOptions, startService } from './services.js';

/** Defines the same tests for each HTTP adapter of Nest on each broker. */
export function describeOnHttp(
  name: string,
  define: (newAdapter: () => AbstractHttpAdapter, newBroker: () => Broker) => void,
): void {
  describeOnBrokers(name, (newBroker) => {
    describe('on Express', () => define(() => new ExpressAdapter(), newBroker));
    describe('on Fastify', () => define(() => new FastifyAdapter(), newBroker));
  });
}

/** Starts a service that also serves HTTP; `url` has no path. */
export async function startHttpService(options: ServiceOptions): Promise<Service & { readonly url: string }> {
  const service = await startService(options);
  await service.app.listen(0, '127.0.0.1');
  return { ...service, url: await service.app.getUrl() };
}
