// A process of the soak: an instance of the service that is called.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  AsyncCallContext,
  AsyncCallError,
  asyncCallsMicroservice,
  AsyncCallsModule,
  AsyncEndpoint,
  RetryableError,
} from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { concatMap, defer, delay, finalize, of, range } from 'rxjs';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerRunner, sample } from './messages.js';

const [service = '', brokers = ''] = process.argv.slice(2);
const running = { handlers: 0, notes: 0 };

@Controller()
class SoakController {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }

  @AsyncEndpoint('/observable')
  observable(@Payload() length: number) {
    return defer(() => {
      running.handlers += 1;
      return range(0, length).pipe(concatMap((value) => of(value).pipe(delay(2))));
    }).pipe(finalize(() => (running.handlers -= 1)));
  }

  @AsyncEndpoint('/iterable')
  async *iterable(@Payload() length: number) {
    running.handlers += 1;
    try {
      for (let value = 0; value < length; value += 1) yield value;
    } finally {
      running.handlers -= 1;
    }
  }

  @AsyncEndpoint('/note')
  note(): void {
    running.notes += 1;
  }

  @AsyncEndpoint('/flaky', { retry: { initialDelayMs: 20 } })
  flaky(@Payload() value: unknown, @Ctx() { attempt }: AsyncCallContext) {
    if (attempt === 1) throw new RetryableError('not yet');
    return value;
  }

  @AsyncEndpoint('/refuse')
  refuse(): never {
    throw new AsyncCallError('conflict', 'never');
  }

  @AsyncEndpoint('/slow')
  async slow(@Payload() ms: number) {
    running.handlers += 1;
    await sleep(ms).finally(() => (running.handlers -= 1));
  }
}

@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service,
      broker: kafkajs({ brokers: brokers.split(',') }),
      // What is remembered of past requests would grow for the first minutes: here its size is level at once.
      delivery: { duplicates: { windowMs: 5_000 } },
    }),
  ],
  controllers: [SoakController],
})
class SoakModule {}

const app = await NestFactory.createMicroservice(SoakModule, {
  ...asyncCallsMicroservice(),
  logger: ['error', 'fatal'],
});
await app.listen();

answerRunner({
  sample: () => sample(running.handlers),
  stop: async () => {
    await app.close();
    return running.notes;
  },
});
