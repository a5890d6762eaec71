// An instance of a service that subscribes to a topic, and writes down what it does with each event.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { AsyncCallsModule, asyncCallsMicroservice, AsyncEvent, AsyncEventContext } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { Recorder } from '../faults/history/recorder.js';
import { serveCommands, settings } from './commands.js';

export interface SubscriberSettings {
  readonly service: string;
  readonly brokers: readonly string[];
  /** Of this process, in the history. */
  readonly instance: string;
  /** The folder in which the history is written down. */
  readonly history: string;
  readonly topic: string;
  readonly sessionTimeoutMs: number;
}

/** An event of the tests. */
export interface Numbered {
  /** Told apart from all others. */
  readonly call: string;
  /** The place among the events of its key. */
  readonly number: number;
}

/** So long an event is worked on. */
const WORK_MS = 5;

const { service, brokers, instance, history, topic, sessionTimeoutMs } = settings<SubscriberSettings>();
const recorder = new Recorder(history, instance);
let runs = 0;

@Controller()
class SubscriberController {
  @AsyncEvent(topic, { startFrom: 'earliest' })
  async take(@Payload() { call, number }: Numbered, @Ctx() { key, record, attempt }: AsyncEventContext) {
    const run = `${instance}#${runs++}`;
    const { partition, offset } = record;
    recorder.record({ kind: 'started', run, call, key, number, attempt, partition, offset: Number(offset) });
    await delay(WORK_MS);
    recorder.record({ kind: 'finished', run, complete: true });
  }
}

@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service,
      instance,
      broker: kafkajs({ brokers: [...brokers] }),
      topics: { requests: { partitions: 1 } },
      delivery: { commitIntervalMs: 200, sessionTimeoutMs },
    }),
  ],
  controllers: [SubscriberController],
})
class SubscriberModule {}

/** Starts the application; resolves when it is a settled member of its group. */
async function join(): Promise<void> {
  const app = await NestFactory.createMicroservice(SubscriberModule, asyncCallsMicroservice());
  app.enableShutdownHooks();
  await app.listen();
}

const commands = { join };
export type SubscriberCommands = typeof commands;

serveCommands(commands);
