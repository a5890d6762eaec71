import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  AsyncCallContext,
  AsyncCallsClient,
  AsyncCallsModule,
  type AsyncCallsOptions,
  AsyncEndpoint,
  type Broker,
  connectAsyncCalls,
} from 'nestjs-async-calls';
import { lastValueFrom } from 'rxjs';
import { MemoryBroker } from '../../../lib/broker/memory/memory-broker.js';
import { MemoryCluster } from '../../../lib/broker/memory/memory-cluster.js';
import type { Environment } from '../../../lib/environment/environment.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { ASYNC_CALLS_SURROUNDINGS, type Surroundings } from '../../../lib/module/surroundings.js';
import { moduleOf } from '../../support/services.js';

/** What the application is configured with. It is no broker at all: whoever used it would fail. */
const PRODUCTION = { createProducer: () => undefined } as unknown as Broker;
const YEAR_2001 = 1_000_000_000_000;

@Controller()
class ClockController {
  @AsyncEndpoint('/clock', { service: 'clock' })
  clock(@Ctx() { requestId, record, deadline, caller }: AsyncCallContext) {
    const sentAt = Number.parseInt(requestId.replaceAll('-', '').slice(0, 12), 16);
    return { sentAt, storedAt: record.timestamp, deadline, caller };
  }
}

it('runs all services of an application in the surroundings of a testing module', async () => {
  const environment: Environment = {
    ...systemEnvironment,
    now: () => YEAR_2001,
    randomBytes: (size) => Buffer.alloc(size, 7),
  };
  const broker = new MemoryBroker(new MemoryCluster(1e6, 1e6, environment));
  const replaced: string[] = [];
  const optionsOf = (configured: AsyncCallsOptions): AsyncCallsOptions => {
    replaced.push(configured.service);
    return configured.broker === PRODUCTION ? { ...configured, broker } : configured;
  };
  const own = (service: string) =>
    AsyncCallsModule.forRoot({ service, broker: PRODUCTION, isGlobal: false, calls: { timeoutMs: 20_000 } });
  const application = moduleOf({ imports: [own('clock'), own('reader')], controllers: [ClockController] });
  const testing = await Test.createTestingModule({ imports: [application] })
    .overrideProvider(ASYNC_CALLS_SURROUNDINGS)
    .useValue({ environment, optionsOf } satisfies Surroundings)
    .compile();
  const app = testing.createNestApplication({ logger: false });
  connectAsyncCalls(app);
  await app.init();
  await app.startAllMicroservices();
  try {
    const [, reader] = app.get(AsyncCallsClient, { strict: false, each: true });
    // By any other clock the call would have expired long ago.
    expect(await lastValueFrom(reader.send('clock/clock', 1))).toEqual({
      sentAt: YEAR_2001,
      storedAt: YEAR_2001,
      deadline: new Date(YEAR_2001 + 20_000).toISOString(),
      caller: { service: 'reader', instance: '07070707' },
    });
  } finally {
    await app.close();
  }
  expect(replaced.sort()).toEqual(['clock', 'reader']);
});
