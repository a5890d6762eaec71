// A service that sends requests and goes on: handlers get the responses.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  asyncCallsMicroservice,
  AsyncCallsModule,
  AsyncResponse,
  type ReceivedResponse,
} from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { lastValueFrom, ReplaySubject } from 'rxjs';
import { type Emit, serveCommands, settings } from './commands.js';

export interface ShopSettings {
  readonly service: string;
  readonly brokers: readonly string[];
  /** The service that is called. */
  readonly supplier: string;
}

/** A response as a handler has got it. */
export interface HandledSeen {
  readonly kind: string;
  readonly seq: number;
  readonly value?: unknown;
  readonly state: unknown;
}

const { service, brokers, supplier } = settings<ShopSettings>();
const handled = new ReplaySubject<HandledSeen>();

@Controller()
class DeliveriesController {
  @AsyncResponse(supplier, '/step-by-step')
  delivered(@Payload() { kind, seq, value, state }: ReceivedResponse): void {
    handled.next({ kind, seq, value, state });
  }
}

@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service,
      broker: kafkajs({ brokers: [...brokers] }),
      topics: { responses: { partitions: 1 } },
      delivery: { commitIntervalMs: 200, sessionTimeoutMs: 6_000 },
    }),
  ],
  controllers: [DeliveriesController],
})
class ShopModule {}

const app = await NestFactory.createMicroservice(ShopModule, asyncCallsMicroservice());
app.enableShutdownHooks();
await app.listen();

const commands = {
  /** Resolves when the broker has the request. */
  order: ({ data, state }: { readonly data: unknown; readonly state: unknown }) =>
    lastValueFrom(
      app.get(AsyncCallsClient).to(`${supplier}/step-by-step`, { responses: 'handlers', state }).emit(data),
    ),
  /** Never resolves. Emits each {@link HandledSeen}. */
  watchHandled: (_: void, emit: Emit) => {
    handled.subscribe(emit);
    return new Promise<never>(() => undefined);
  },
};
export type ShopCommands = typeof commands;

serveCommands(commands);
