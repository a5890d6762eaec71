import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, NotFoundException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, Transport } from '@nestjs/microservices';
import {
  AsyncCallsClient,
  AsyncCallsModule,
  AsyncCallsServer,
  AsyncEndpoint,
  AsyncResponse,
  asyncCallsMicroservice,
  connectAsyncCalls,
} from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { lastValueFrom } from 'rxjs';
import { uniqueName } from '../../support/kafka.js';
import { createService, moduleOf, startService } from '../../support/services.js';

@Controller()
class EchoController {
  @AsyncEndpoint('/echo')
  echo(@Payload() data: unknown) {
    return data;
  }
}

describe('an application', () => {
  it('gets its options from a factory', async () => {
    const service = uniqueName('async');
    const app = await NestFactory.createApplicationContext(
      moduleOf({
        imports: [AsyncCallsModule.forRootAsync({ useFactory: async () => ({ service, broker: memory() }) })],
      }),
      { logger: false },
    );
    expect(app.get(AsyncCallsServer).service).toBe(service);
    await app.close();
  });

  it('names all faults of its options', async () => {
    const module = moduleOf({
      imports: [AsyncCallsModule.forRoot({ service: 'a b', broker: {} as never, calls: { timeoutMs: -1 } })],
    });
    await expect(
      NestFactory.createApplicationContext(module, { logger: false, abortOnError: false }),
    ).rejects.toThrow(/service: .*\n.*broker: .*\n.*calls\.timeoutMs: /);
  });

  it('serves nothing before its providers are ready, in whatever order it is started', async () => {
    const broker = memory();
    const service = uniqueName('early');
    let ready = false;
    @Injectable()
    class SlowProvider {
      async onModuleInit() {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        ready = true;
      }
    }
    @Controller()
    class ReadyController {
      @AsyncEndpoint('/ready')
      isReady() {
        return ready;
      }
    }
    const options = { service, broker, controllers: [ReadyController], providers: [SlowProvider] };
    const { app } = await createService(options);
    const { client } = await startService({ broker });
    connectAsyncCalls(app);
    await app.startAllMicroservices();
    expect(app.get(AsyncCallsServer).service).toBe(service);
    await app.init();
    expect(await lastValueFrom(client.send(`${service}/ready`, 1))).toBe(true);
  });

  it('says what is missing where it is no service', async () => {
    const app = await NestFactory.create(moduleOf({}), { logger: false, abortOnError: false });
    expect(() => connectAsyncCalls(app)).toThrow(/Import AsyncCallsModule\.forRoot/);
  });

  it('leaves handlers of other transports to those', async () => {
    @Controller()
    class TcpController {
      @MessagePattern('/plain', Transport.TCP)
      plain() {}
    }
    const { client, name } = await startService({ broker: memory(), controllers: [TcpController] });
    await expect(lastValueFrom(client.send(`${name}/plain`, 1))).rejects.toMatchObject({
      code: 'unknown-endpoint',
    });
  });

  it('refuses an endpoint that is declared twice', async () => {
    @Controller()
    class OtherEchoController {
      @AsyncEndpoint('echo')
      again() {}
    }
    const starting = startService({ broker: memory(), controllers: [EchoController, OtherEchoController] });
    await expect(starting).rejects.toThrow(/"\/echo".*EchoController\.echo.*OtherEchoController\.again/);
  });

  it('refuses a handler of responses that is declared twice', async () => {
    @Controller()
    class OrderController {
      @AsyncResponse('bank', '/pay')
      paid() {}
    }
    @Controller()
    class BillController {
      @AsyncResponse({ service: 'bank', endpoint: 'pay' })
      billed() {}
    }
    const starting = startService({ broker: memory(), controllers: [OrderController, BillController] });
    await expect(starting).rejects.toThrow(/"bank\/pay".*OrderController\.paid.*BillController\.billed/);
  });

  it('refuses a handler of responses of which it is not clear whose it is', async () => {
    @Controller()
    class OrderController {
      @AsyncResponse('bank', '/pay', { service: 'nobody' })
      paid() {}
    }
    await expect(startService({ broker: memory(), controllers: [OrderController] })).rejects.toThrow(
      /handler of the responses of "bank\/pay" \(OrderController\.paid\) names "nobody"/,
    );
  });

  it('can hold several services, each with its own endpoints', async () => {
    const broker = memory();
    const [one, two] = [uniqueName('one'), uniqueName('two')];
    @Controller()
    class TwoServicesController {
      @AsyncEndpoint('/who', { service: one })
      one() {
        return 'one';
      }

      @AsyncEndpoint('/who', { service: two })
      two() {
        return 'two';
      }
    }
    const own = (service: string) => AsyncCallsModule.forRoot({ service, broker, isGlobal: false });
    const app = await NestFactory.create(
      moduleOf({ imports: [own(one), own(two)], controllers: [TwoServicesController] }),
      { logger: false },
    );
    connectAsyncCalls(app);
    await app.startAllMicroservices();
    await app.init();
    const [client] = app.get(AsyncCallsClient, { each: true, strict: false });
    expect(await lastValueFrom(client.send(`${one}/who`, 1))).toBe('one');
    expect(await lastValueFrom(client.send(`${two}/who`, 1))).toBe('two');
    await app.close();
  });

  it('refuses an endpoint that could be of several services', async () => {
    const broker = memory();
    const own = (service: string) => AsyncCallsModule.forRoot({ service, broker, isGlobal: false });
    const app = await NestFactory.create(
      moduleOf({ imports: [own('one'), own('two')], controllers: [EchoController] }),
      { logger: false, abortOnError: false },
    );
    expect(() => connectAsyncCalls(app)).toThrow(/"\/echo" \(EchoController\.echo\) names no service/);
    await app.close();
  });

  it('refuses to be a pure microservice with several services', async () => {
    const own = (service: string) => AsyncCallsModule.forRoot({ service, broker: memory(), isGlobal: false });
    const creating = NestFactory.createMicroservice(moduleOf({ imports: [own('one'), own('two')] }), {
      ...asyncCallsMicroservice(),
      logger: false,
      abortOnError: false,
    });
    await expect(creating).rejects.toThrow(/this application has one, two/);
  });

  it('refuses two global services, and one service twice', async () => {
    const start = (...imports: Parameters<typeof moduleOf>[0]['imports'] & unknown[]) =>
      NestFactory.createApplicationContext(moduleOf({ imports }), { logger: false, abortOnError: false });
    const service = (name: string) => AsyncCallsModule.forRoot({ service: name, broker: memory() });
    await expect(start(service('one'), service('two'))).rejects.toThrow(/isGlobal: false/);
    await expect(start(service('one'), service('one'))).rejects.toThrow(/imported twice/);
  });

  it('keeps its HTTP routes beside its endpoints', async () => {
    const service = uniqueName('both');
    @Controller()
    class BothController {
      constructor(private readonly client: AsyncCallsClient) {}

      @Get('hello')
      hello() {
        return 'hello';
      }

      @AsyncEndpoint('/account')
      account() {
        throw new NotFoundException('no such account');
      }

      @Get('unknown')
      unknown() {
        return this.client.send(`${service}/account`, 7);
      }

      @Get('missing')
      missing() {
        return this.client.send('a-service-that-nobody-started/x', 1);
      }
    }
    const { app } = await startService({ service, broker: memory(), controllers: [BothController] });
    await app.listen(0, '127.0.0.1');
    expect(await (await fetch(`${await app.getUrl()}/hello`)).text()).toBe('hello');
    const missing = await fetch(`${await app.getUrl()}/missing`);
    expect([missing.status, await missing.json()]).toMatchObject([502, { statusCode: 502 }]);
    const unknown = await fetch(`${await app.getUrl()}/unknown`);
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      { statusCode: 404, message: 'no such account' },
    ]);
  });
});
