// A service that answers whoever asks for offers: by its endpoint, or by an event.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AsyncCallsModule, asyncCallsMicroservice, AsyncEndpoint, AsyncEvent } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { concat, NEVER, type Observable, of, ReplaySubject } from 'rxjs';
import { type Emit, serveCommands, settings } from './commands.js';

export interface BidderSettings {
  readonly service: string;
  readonly brokers: readonly string[];
  /** The topic of the events that ask for offers. */
  readonly topic: string;
  /** Whether it makes one offer and never ends. */
  readonly isEndless: boolean;
}

const { service, brokers, topic, isEndless } = settings<BidderSettings>();
const offered = new ReplaySubject<string>();

@Controller()
class BidderController {
  @AsyncEndpoint('/offer')
  offer(): Observable<string> {
    return this.bid('call');
  }

  @AsyncEvent(topic, { startFrom: 'earliest' })
  wanted(): Observable<string> {
    return this.bid('event');
  }

  private bid(asked: string): Observable<string> {
    offered.next(asked);
    const first = of(`first of ${service}`);
    return concat(first, isEndless ? NEVER : of(`last of ${service}`));
  }
}

@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service,
      broker: kafkajs({ brokers: [...brokers] }),
      topics: { requests: { partitions: 1 }, events: { partitions: 1 } },
      // The least that a default broker allows: so long what a killed instance had waits for another one.
      delivery: { commitIntervalMs: 200, sessionTimeoutMs: 6_000 },
    }),
  ],
  controllers: [BidderController],
})
class BidderModule {}

const app = await NestFactory.createMicroservice(BidderModule, asyncCallsMicroservice());
app.enableShutdownHooks();
const listening = app.listen();

const commands = {
  listening: () => listening,
  /** Never resolves. Emits `call` or `event` each time an offer is asked for. */
  watchOffered: (_: void, emit: Emit) => {
    offered.subscribe(emit);
    return new Promise<never>(() => undefined);
  },
};
export type BidderCommands = typeof commands;

serveCommands(commands);
