import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { HealthCheckService, MemoryHealthIndicator, TerminusModule } from '@nestjs/terminus';
import {
  AsyncCallsClient,
  asyncCallsMicroservice,
  AsyncCallsModule,
  AsyncCallsServer,
  AsyncEndpoint,
  BrokerError,
  connectAsyncCalls,
  type GroupConsumerListener,
} from 'nestjs-async-calls';
import { AsyncCallsHealthIndicator, AsyncCallsHealthModule, ProbeServer } from 'nestjs-async-calls/health';
import { memory } from 'nestjs-async-calls/memory';
import { firstValueFrom, Subject, toArray } from 'rxjs';
import { describeOnBrokers } from '../../support/brokers.js';
import { wrapBroker } from '../../support/broker-wrapper.js';
import { describeOnHttp, startHttpService } from '../../support/http.js';
import { uniqueName, waitFor } from '../../support/kafka.js';
import { probe } from '../../support/probes.js';
import { createService, moduleOf, startService } from '../../support/services.js';

let release: Subject<void>;
let started: string[];
beforeEach(() => {
  release = new Subject();
  started = [];
});
afterEach(() => release.complete());

@Controller()
class Endpoints {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }

  @AsyncEndpoint('/slow')
  async slow(@Payload() mark: string) {
    started.push(mark);
    await firstValueFrom(release, { defaultValue: undefined });
    return mark;
  }
}

const server = { port: 0, host: '127.0.0.1' };

/** Where the application's own probe server is. */
function probesOf(app: INestApplication): string {
  return `http://127.0.0.1:${app.get(ProbeServer, { strict: false }).port}`;
}

describeOnHttp('probes that the HTTP server of an application answers', (newAdapter, newBroker) => {
  it('are answered with what is known of each service', async () => {
    const { url, name } = await startHttpService({
      broker: newBroker(),
      adapter: newAdapter(),
      controllers: [Endpoints],
      imports: [AsyncCallsHealthModule.forRoot()],
    });

    for (const path of ['livez', 'readyz', 'startupz']) {
      const { status, headers, body } = await probe(`${url}/${path}`);
      expect({ path, status, cache: headers.get('cache-control') }).toEqual({
        path,
        status: 200,
        cache: 'no-store',
      });
      const group = { group: name, state: 'running', partitions: 2, inFlight: 0, lag: 0 };
      const serverDetails = { service: name, phase: 'serving', groups: [expect.objectContaining(group)] };
      const details = {
        'async-calls': {
          status: 'up',
          servers: [expect.objectContaining(serverDetails)],
          clients: [expect.objectContaining({ service: name, state: 'unused', inFlight: 0 })],
        },
      };
      expect(body).toEqual({ status: 'ok', info: details, error: {}, details });
    }
  });

  it('have the paths that are chosen, or none', async () => {
    const { url } = await startHttpService({
      broker: newBroker(),
      adapter: newAdapter(),
      imports: [
        AsyncCallsHealthModule.forRoot({
          paths: { livez: '/health/live', readyz: 'ready', startupz: false },
        }),
      ],
    });

    const statusOf = async (path: string) => (await fetch(`${url}/${path}`)).status;
    expect(await Promise.all(['health/live', 'ready', 'livez', 'startupz'].map(statusOf))).toEqual([
      200, 200, 404, 404,
    ]);
  });

  it('are answered with 503 and the reason', async () => {
    const { url } = await startHttpService({
      broker: newBroker(),
      adapter: newAdapter(),
      imports: [
        AsyncCallsHealthModule.forRoot({
          livez: { checks: [() => ({ database: { status: 'down', message: 'gone' } })] },
        }),
      ],
    });

    const { status, headers, body } = await probe(`${url}/livez`);
    expect([status, headers.get('cache-control'), body.error]).toEqual([
      503,
      'no-store',
      { database: { status: 'down', message: 'gone' } },
    ]);
  });
});

describeOnBrokers('probes at a port of their own', (newBroker) => {
  it('serve an application without HTTP', async () => {
    const service = uniqueName('service');
    const app = await NestFactory.createMicroservice(
      moduleOf({
        imports: [
          AsyncCallsModule.forRoot({ service, broker: newBroker() }),
          AsyncCallsHealthModule.forRoot({ server }),
        ],
        controllers: [Endpoints],
      }),
      { ...asyncCallsMicroservice(), logger: false },
    );
    try {
      await app.listen();
      const url = `http://127.0.0.1:${app.get(ProbeServer).port}`;
      const statuses = await Promise.all(
        ['livez', 'readyz', 'startupz'].map(async (path) => (await probe(`${url}/${path}`)).status),
      );
      expect(statuses).toEqual([200, 200, 200]);
      expect((await fetch(`${url}/other`)).status).toBe(404);
      expect((await fetch(`${url}/livez`, { method: 'POST' })).status).toBe(405);
      expect((await fetch(`${url}/livez?verbose=1`, { method: 'HEAD' })).status).toBe(200);
    } finally {
      await app.close();
    }
  });

  it('are answered before the application is initialized: it lives, and has not started', async () => {
    let seen: unknown;
    @Injectable()
    class Database implements OnModuleInit {
      async onModuleInit(): Promise<void> {
        const url = probesOf(app);
        const [live, ready, begun] = await Promise.all([
          probe(`${url}/livez`),
          probe(`${url}/readyz`),
          probe(`${url}/startupz`),
        ]);
        seen = { live: live.status, ready: [ready.status, ready.why], begun: [begun.status, begun.why] };
      }
    }
    const { app } = await createService({
      broker: newBroker(),
      controllers: [Endpoints],
      providers: [Database],
      imports: [AsyncCallsHealthModule.forRoot({ server })],
    });
    await app.init();
    const why = ['the application is not initialized yet'];
    expect(seen).toEqual({ live: 200, ready: [503, why], begun: [503, why] });
  });

  it('say that a service is not connected, and that it has started when it is', async () => {
    const { app, name } = await createService({
      broker: newBroker(),
      controllers: [Endpoints],
      imports: [AsyncCallsHealthModule.forRoot({ server })],
    });
    connectAsyncCalls(app);
    await app.init();
    const before = await probe(`${probesOf(app)}/startupz`);
    expect(before.status).toBe(503);
    expect(before.body.error['async-calls']).toMatchObject({
      status: 'down',
      reasons: [{ service: name, why: expect.stringContaining('app.startAllMicroservices()') }],
    });
    expect((await probe(`${probesOf(app)}/readyz`)).status).toBe(503);

    await app.startAllMicroservices();
    await waitFor(async () => (await probe(`${probesOf(app)}/startupz`)).status === 200, {
      what: 'the start',
    });
    expect((await probe(`${probesOf(app)}/readyz`)).status).toBe(200);
  });

  it('say from the beginning of a shutdown that it is not ready, until all of it is over', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Database implements OnModuleDestroy {
      async onModuleDestroy(): Promise<void> {
        const [live, ready] = await Promise.all([probe(`${url}/livez`), probe(`${url}/readyz`)]);
        seen.push(['database closes', live.status, ready.status]);
      }
    }
    const broker = newBroker();
    const { app, name } = await startService({
      broker,
      controllers: [Endpoints],
      providers: [Database],
      imports: [AsyncCallsHealthModule.forRoot({ server })],
      delivery: { drainTimeoutMs: 20_000 },
    });
    const url = probesOf(app);
    const caller = await startService({ broker });
    const answer = firstValueFrom(caller.client.send(`${name}/slow`, 'call').pipe(toArray()));
    await waitFor(() => started.length === 1, { what: 'the call to be served' });
    expect((await probe(`${url}/readyz`)).status).toBe(200);

    const closed = app.close();
    await waitFor(async () => (await probe(`${url}/readyz`)).status === 503, { what: 'not to be ready' });
    const { why } = await probe(`${url}/readyz`);
    expect(why[0]).toBe('the application is shutting down');
    expect((await probe(`${url}/livez`)).status).toBe(200);
    await waitFor(async () => (await probe(`${url}/readyz`)).why.some((each) => each.includes('draining')), {
      what: 'the drain to be told',
    });

    release.next();
    expect(await answer).toEqual(['call']);
    await closed;
    expect(seen).toEqual([['database closes', 200, 503]]);
    await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed');
  });

  it('go on for a while before the drain begins, where that is wanted', async () => {
    const broker = newBroker();
    const { app, name } = await startService({
      broker,
      controllers: [Endpoints],
      imports: [AsyncCallsHealthModule.forRoot({ server, drainDelayMs: 8_000 })],
    });
    const url = probesOf(app);
    const caller = await startService({ broker });
    await firstValueFrom(caller.client.send(`${name}/echo`, 'before'));

    const closed = app.close();
    await waitFor(async () => (await probe(`${url}/readyz`)).status === 503, { what: 'not to be ready' });
    expect(await firstValueFrom(caller.client.send(`${name}/echo`, 'after'))).toBe('after');
    expect(app.get(AsyncCallsServer).health().phase).toBe('serving');
    await closed;
  });

  it('say that the reader of replies is ready, where there is one', async () => {
    const broker = newBroker();
    const { app, client, name } = await startService({
      broker,
      controllers: [Endpoints],
      imports: [AsyncCallsHealthModule.forRoot({ server })],
    });
    await client.connect();
    const { status, body } = await probe(`${probesOf(app)}/readyz`);
    expect(status).toBe(200);
    expect(body.details['async-calls']['clients']).toEqual([
      expect.objectContaining({
        state: 'running',
        replies: expect.stringMatching(new RegExp(`^${name}.replies\\[[01]\\]$`)),
      }),
    ]);
    await client.close();
    expect((await probe(`${probesOf(app)}/readyz`)).why).toEqual([
      'its client: it is closed, or is being closed',
    ]);
  });

  it('make a call for it, where that is wanted, but not for each probe', async () => {
    const broker = newBroker();
    const name = uniqueName('service');
    const { app } = await startService({
      broker,
      service: name,
      controllers: [Endpoints],
      imports: [
        AsyncCallsHealthModule.forRoot({
          server,
          readyz: { canary: { target: `${name}/echo`, timeoutMs: 20_000, intervalMs: 3_600_000 } },
        }),
      ],
    });
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await probe(`${probesOf(app)}/readyz`)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    // Not yet served, perhaps: its caller hears of it first.
    expect(app.get(AsyncCallsServer).counts.received).toBe(1);
  });

  it('say why the call was not answered', async () => {
    const name = uniqueName('service');
    const { app } = await startService({
      broker: newBroker(),
      service: name,
      controllers: [Endpoints],
      imports: [
        AsyncCallsHealthModule.forRoot({ server, readyz: { canary: { target: `${name}/missing` } } }),
      ],
    });
    const { status, why } = await probe(`${probesOf(app)}/readyz`);
    expect([status, why]).toEqual([503, [expect.stringContaining('the canary call is not answered')]]);
  });
});

describe('probes', () => {
  it.each([
    { onFailure: 'report' as const, live: 503 },
    { onFailure: 'restart' as const, live: 200 },
  ])(
    'after a consumer has failed for good, with the policy $onFailure: $live',
    async ({ onFailure, live }) => {
      const broker = memory();
      const listeners: GroupConsumerListener[] = [];
      let isSeen = false;
      const { app, name } = await startService({
        broker: wrapBroker(broker, {
          createGroupConsumer: (identity, options) => {
            // However long it takes to look, there is no other one before.
            if (listeners.length > 0 && !isSeen) throw new BrokerError('unavailable', 'not yet');
            listeners.push(options.listener);
            return broker.createGroupConsumer(identity, options);
          },
        }),
        controllers: [Endpoints],
        imports: [AsyncCallsHealthModule.forRoot({ server })],
        delivery: { onFailure },
      });
      listeners[0].onState!('failed', new BrokerError('internal', 'a fault of the driver', { fatal: true }));

      const [alive, ready] = await Promise.all([
        probe(`${probesOf(app)}/livez`),
        probe(`${probesOf(app)}/readyz`),
      ]);
      expect(alive.status).toBe(live);
      expect(ready.status).toBe(503);
      const { error } = live === 503 ? alive.body : ready.body;
      expect(error['async-calls']['reasons']).toEqual([
        {
          service: name,
          group: name,
          since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          why: expect.stringContaining('a fault of the driver'),
        },
      ]);
      isSeen = true;
      if (onFailure === 'restart') {
        await waitFor(async () => (await probe(`${probesOf(app)}/readyz`)).status === 200, {
          what: 'the next consumer',
        });
        expect(listeners).toHaveLength(2);
      }
    },
  );

  it('tell all services of an application apart', async () => {
    const broker = memory();
    const names = [uniqueName('one'), uniqueName('other')];
    const [Own, Other] = names.map((service) => {
      @Controller()
      class Single {
        @AsyncEndpoint('/echo', { service })
        echo(@Payload() value: unknown) {
          return value;
        }
      }
      return moduleOf({
        imports: [AsyncCallsModule.forRoot({ service, broker, isGlobal: false })],
        controllers: [Single],
      });
    });
    const app = await NestFactory.create(
      moduleOf({ imports: [Own, Other, AsyncCallsHealthModule.forRoot({ server })] }),
      { logger: false },
    );
    try {
      connectAsyncCalls(app);
      await app.startAllMicroservices();
      await app.init();
      const { status, body } = await probe(`${probesOf(app)}/readyz`);
      expect(status).toBe(200);
      expect(body.details['async-calls']['servers']).toEqual(
        names.map((service) => expect.objectContaining({ service, phase: 'serving' })),
      );
    } finally {
      await app.close();
    }
  });

  it('refuse a port that is taken', async () => {
    const { app } = await startService({
      broker: memory(),
      imports: [AsyncCallsHealthModule.forRoot({ server })],
    });
    const { port } = app.get(ProbeServer, { strict: false });
    const second = await createService({
      broker: memory(),
      imports: [AsyncCallsHealthModule.forRoot({ server: { ...server, port: port! } })],
    });
    await expect(second.app.init()).rejects.toThrow(`The probes cannot be answered at port ${port}`);
  });
});

describe('checks of Terminus', () => {
  @Controller('health')
  class HealthController {
    constructor(
      private readonly health: HealthCheckService,
      private readonly asyncCalls: AsyncCallsHealthIndicator,
    ) {}

    @Get()
    check() {
      return this.health.check([() => this.asyncCalls.isReady(), () => this.asyncCalls.isLive('alive')]);
    }
  }

  it('take the indicators of this library', async () => {
    const { url, app } = await startHttpService({
      broker: memory(),
      controllers: [Endpoints, HealthController],
      imports: [AsyncCallsHealthModule.forRoot({ routes: false }), TerminusModule.forRoot({ logger: false })],
    });
    const well = await probe(`${url}/health`);
    expect([well.status, well.body.status]).toEqual([200, 'ok']);
    expect(Object.keys(well.body.info)).toEqual(['async-calls', 'alive']);
    expect((await fetch(`${url}/livez`)).status).toBe(404);

    await app.get(AsyncCallsServer).close();
    const ill = await probe(`${url}/health`);
    expect([ill.status, Object.keys(ill.body.error)]).toEqual([503, ['async-calls']]);
    expect(ill.why).toEqual(['it was closed']);
  });

  it('can be made by the probes of this library', async () => {
    const { url } = await startHttpService({
      broker: memory(),
      imports: [
        AsyncCallsHealthModule.forRootAsync({
          imports: [TerminusModule],
          inject: [MemoryHealthIndicator],
          useFactory: (heap: MemoryHealthIndicator) => ({
            livez: { checks: [() => heap.checkHeap('heap', 1)] },
            readyz: { checks: [() => heap.checkHeap('heap', 2 ** 40)] },
          }),
          paths: { livez: 'live' },
        }),
      ],
    });
    const [live, ready] = await Promise.all([probe(`${url}/live`), probe(`${url}/readyz`)]);
    expect([live.status, Object.keys(live.body.error)]).toEqual([503, ['heap']]);
    expect([ready.status, Object.keys(ready.body.info)]).toEqual([200, ['async-calls', 'heap']]);
  });
});

it('an application that only calls is ready without having called', async () => {
  const { url, app } = await startHttpService({
    broker: memory(),
    imports: [AsyncCallsHealthModule.forRoot()],
  });
  expect(app.get(AsyncCallsClient).health().connection).toBeUndefined();
  expect((await probe(`${url}/readyz`)).status).toBe(200);
  expect((await probe(`${url}/startupz`)).status).toBe(200);
});
