import 'reflect-metadata';
import { expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { memory } from '../../../lib/broker/memory/index.js';
import { ApplicationHealth } from '../../../lib/health/application-health.js';
import { AsyncCallsHealthModule } from '../../../lib/health/index.js';
import { AsyncCallsModule } from '../../../lib/index.js';

it('a process that ends itself has the time that its services need for it, one after the other', async () => {
  const service = (name: string, drainTimeoutMs?: number) =>
    AsyncCallsModule.forRoot({
      service: name,
      broker: memory(),
      isGlobal: false,
      delivery: { drainTimeoutMs },
    });
  @Module({
    imports: [
      service('quick'),
      service('slow', 120_000),
      AsyncCallsHealthModule.forRoot({ drainDelayMs: 20 }),
    ],
  })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  const { drainTimeoutMs } = app.get(ApplicationHealth, { strict: false });
  await app.close();

  expect(drainTimeoutMs).toBe(20 + (10_000 + 5_000) + (120_000 + 5_000));
});
