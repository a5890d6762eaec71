// HTTP in front of a service.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsModule } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { HttpGatewayModule } from 'nestjs-async-calls/http';
import { serveCommands, settings } from './commands.js';

export interface GatewaySettings {
  readonly service: string;
  readonly brokers: readonly string[];
  /** The service behind it. */
  readonly target: string;
}

const { service, brokers, target } = settings<GatewaySettings>();

@Module({
  imports: [
    AsyncCallsModule.forRoot({ service, broker: kafkajs({ brokers: [...brokers] }) }),
    HttpGatewayModule.forRoutes([
      { method: 'POST', path: 'steps', to: `${target}/step-by-step`, stream: true },
      { method: 'POST', path: 'release', to: `${target}/release` },
      { method: 'GET', path: 'hold/:gate', to: `${target}/hold`, stream: true },
      {
        method: 'GET',
        path: 'left/:gate',
        to: `${target}/is-left`,
        call: ({ params }) => ({ data: params['gate'] }),
      },
      { method: 'POST', path: 'fail-after', to: `${target}/fail-after`, stream: true, call: failAfter },
    ]),
  ],
})
class GatewayModule {}

function failAfter({ body }: { readonly body: unknown }) {
  return { data: (body as { readonly emitted: number }).emitted };
}

const app = await NestFactory.create(GatewayModule);
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');

const commands = { url: () => app.getUrl() };
export type GatewayCommands = typeof commands;

serveCommands(commands);
