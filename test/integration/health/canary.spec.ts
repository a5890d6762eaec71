import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Controller } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { ClientsModule, Payload } from '@nestjs/microservices';
import { AsyncCallsClientProxy, AsyncEndpoint } from 'nestjs-async-calls';
import { AsyncCallsHealthIndicator, AsyncCallsHealthModule, ProbeServer } from 'nestjs-async-calls/health';
import { memory } from 'nestjs-async-calls/memory';
import { firstValueFrom, Subject } from 'rxjs';
import { uniqueName, waitFor } from '../../support/kafka.js';
import { probe } from '../../support/probes.js';
import { startService } from '../../support/services.js';

const server = { port: 0, host: '127.0.0.1' };

let release: Subject<void>;
let served: string[];
beforeEach(() => {
  release = new Subject();
  served = [];
});
afterEach(() => release.complete());

@Controller()
class Endpoints {
  constructor(private readonly health: AsyncCallsHealthIndicator) {}

  @AsyncEndpoint('/ping')
  async ping(@Payload() mark: string) {
    served.push(mark);
    await firstValueFrom(release, { defaultValue: undefined });
    return 'pong';
  }

  @AsyncEndpoint('/health')
  isReady() {
    return this.health.isReady();
  }
}

function readinessOf(app: INestApplication) {
  return probe(`http://127.0.0.1:${app.get(ProbeServer, { strict: false }).port}/readyz`);
}

it('a canary goes to its target, also by a client that takes the patterns of another service', async () => {
  const broker = memory();
  const name = uniqueName('service');
  release.complete();
  const { app } = await startService({
    broker,
    service: name,
    controllers: [Endpoints],
    imports: [
      ClientsModule.register([
        {
          name: 'MATH',
          customClass: AsyncCallsClientProxy,
          options: { service: name, broker, target: { service: uniqueName('math') } },
        },
      ]),
      AsyncCallsHealthModule.forRoot({
        server,
        readyz: { canary: { target: `${name}/ping`, data: 'canary', timeoutMs: 20_000 } },
      }),
    ],
  });
  const { status, why } = await readinessOf(app);
  expect({ status, why, served }).toEqual({ status: 200, why: [], served: ['canary'] });
});

it('a canary has its own time, also where a handler asks whose caller waits no longer', async () => {
  const broker = memory();
  const name = uniqueName('service');
  const { app } = await startService({
    broker,
    service: name,
    controllers: [Endpoints],
    imports: [
      AsyncCallsHealthModule.forRoot({
        server,
        readyz: { canary: { target: `${name}/ping`, data: 'canary', timeoutMs: 20_000 } },
      }),
    ],
  });
  const caller = await startService({ broker });
  const ask = caller.client.to(`${name}/health`, { timeoutMs: 200 });
  // On a busy machine a request may be late before it is begun: then it is not, and there is no canary yet.
  for (const before = Date.now(); served.length === 0 && Date.now() - before < 20_000;)
    await expect(firstValueFrom(ask.send('anything'))).rejects.toMatchObject({ code: 'timeout' });
  expect(served).toHaveLength(1);

  const ready = readinessOf(app);
  release.next();
  const { status, why } = await ready;
  expect({ status, why, served }).toEqual({ status: 200, why: [], served: ['canary'] });
});

it('a canary is called again when it is due, also if the clock was set back', async () => {
  const name = uniqueName('service');
  release.complete();
  const { app } = await startService({
    broker: memory(),
    service: name,
    controllers: [Endpoints],
    imports: [
      AsyncCallsHealthModule.forRoot({
        server,
        readyz: { canary: { target: `${name}/ping`, data: 'canary', timeoutMs: 20_000, intervalMs: 0 } },
      }),
    ],
  });
  expect((await readinessOf(app)).status).toBe(200);
  const { now } = Date;
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  try {
    expect((await readinessOf(app)).status).toBe(200);
  } finally {
    clock.mockRestore();
  }
  expect(served).toEqual(['canary', 'canary']);
});

it('a canary that was not answered is sent again soon, however long an answer holds', async () => {
  const name = uniqueName('service');
  const canary = { target: `${name}/ping`, data: 'canary', timeoutMs: 1_000, intervalMs: 3_600_000 };
  const { app } = await startService({
    broker: memory(),
    service: name,
    controllers: [Endpoints],
    imports: [AsyncCallsHealthModule.forRoot({ server, readyz: { canary } })],
  });
  expect((await readinessOf(app)).why).toEqual([expect.stringContaining('the canary call is not answered')]);
  release.complete();
  await waitFor(async () => (await readinessOf(app)).status === 200, { what: 'it to be ready' });
  const { length } = served;
  expect((await readinessOf(app)).status).toBe(200);
  expect(served).toHaveLength(length);
});
