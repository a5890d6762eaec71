import { expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  Scope,
  UseInterceptors,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CONTEXT, Ctx, Payload, type RequestContext } from '@nestjs/microservices';
import {
  AsyncCallContext,
  AsyncCallsClient,
  AsyncCallsModule,
  AsyncEndpoint,
  asyncCallsMicroservice,
} from 'nestjs-async-calls';
import { concatMap, from, lastValueFrom, map, of, toArray } from 'rxjs';
import { describeOnBrokers } from '../../support/brokers.js';
import { uniqueName } from '../../support/kafka.js';
import { moduleOf, startService } from '../../support/services.js';

/** Marks every value it sees. */
@Injectable()
class Marking implements NestInterceptor {
  constructor(private readonly mark: string) {}

  intercept(_: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((value) => `${this.mark}(${value})`));
  }
}

let instances = 0;

@Controller({ scope: Scope.REQUEST })
class RequestScopedController {
  private readonly instance = ++instances;

  constructor(@Inject(CONTEXT) private readonly context: RequestContext) {}

  @AsyncEndpoint('/scoped')
  scoped(@Payload() data: string) {
    return { instance: this.instance, data, sameData: this.context.getData() === data };
  }
}

@Controller()
@UseInterceptors(new Marking('controller'))
class MarkedController {
  @AsyncEndpoint('/observable')
  @UseInterceptors(new Marking('method'))
  observable() {
    return of(1, 2);
  }

  @UseInterceptors(new Marking('method'))
  @AsyncEndpoint('/iterable')
  async *iterable() {
    yield 1;
    yield 2;
  }
}

@Controller()
class ContextController {
  @AsyncEndpoint('/context')
  context(@Ctx() context: AsyncCallContext) {
    return {
      requestId: context.requestId,
      endpoint: context.endpoint,
      caller: context.caller,
      tenant: context.headers.get('x-tenant'),
      all: context.headers.getAll('x-twice'),
      key: context.key ?? null,
      attempt: context.attempt,
      oneWay: context.oneWay,
      aborted: context.signal.aborted,
      leftMs: context.deadline ? context.deadline.getTime() - Date.now() : null,
      topic: context.record.topic,
    };
  }
}

@Controller()
class RelayController {
  constructor(private readonly client: AsyncCallsClient) {}

  @AsyncEndpoint('/relay')
  relay(@Payload() targets: string[]) {
    return from(targets).pipe(concatMap((target) => this.client.send(target, 'relayed')));
  }
}

@Controller()
class EchoController {
  @AsyncEndpoint('/echo')
  echo(@Payload() data: unknown) {
    return data;
  }
}

describeOnBrokers("Nest's building blocks", (newBroker) => {
  const values = (client: AsyncCallsClient, target: string, data?: unknown) =>
    lastValueFrom(client.send(target, data).pipe(toArray()));

  it('shows each value to global, controller and method interceptors', async () => {
    const { client, name } = await startService({
      broker: newBroker(),
      controllers: [MarkedController],
      configure: (app) => app.useGlobalInterceptors(new Marking('global')),
    });
    const marked = ['global(controller(method(1)))', 'global(controller(method(2)))'];
    expect(await values(client, `${name}/observable`)).toEqual(marked);
    expect(await values(client, `${name}/iterable`)).toEqual(marked);
  });

  it('makes a request-scoped controller for each call', async () => {
    const { client, name } = await startService({
      broker: newBroker(),
      controllers: [RequestScopedController],
    });
    const [first] = await values(client, `${name}/scoped`, 'a');
    const [second] = await values(client, `${name}/scoped`, 'b');
    expect([first, second]).toMatchObject([
      { data: 'a', sameData: true },
      { data: 'b', sameData: true },
    ]);
    expect((second as { instance: number }).instance).toBe((first as { instance: number }).instance + 1);
  });

  it('tells a handler who calls, with what and how long', async () => {
    const { client, name } = await startService({
      broker: newBroker(),
      controllers: [ContextController],
      instance: 'i1',
    });
    const call = client.to(`${name}/context`, { key: 'account-7', timeoutMs: 20_000 });
    const headers = { 'x-tenant': 'blue', 'x-twice': ['a', 'b'] };
    const response = await lastValueFrom(call.with({ headers }).responses<Record<string, unknown>>(1));
    expect(response.value).toMatchObject({
      requestId: response.requestId,
      endpoint: '/context',
      caller: { service: name, instance: 'i1' },
      tenant: 'blue',
      all: ['a', 'b'],
      key: 'account-7',
      attempt: 1,
      oneWay: false,
      aborted: false,
      topic: `${name}.requests`,
    });
    expect(response.value['leftMs']).toBeGreaterThan(0);
    expect(response.value['leftMs']).toBeLessThanOrEqual(20_000);
    const unlimited = await lastValueFrom(client.to(`${name}/context`, { timeoutMs: Infinity }).send(1));
    expect(unlimited).toMatchObject({ leftMs: null, key: null });
  });

  it('lets a service be server and client at once', async () => {
    const broker = newBroker();
    const echo = await startService({ broker, controllers: [EchoController] });
    const relay = await startService({ broker, controllers: [RelayController, EchoController] });
    const { client } = await startService({ broker });
    const targets = [`${echo.name}/echo`, `${relay.name}/echo`, `${echo.name}/echo`];
    expect(await values(client, `${relay.name}/relay`, targets)).toEqual(['relayed', 'relayed', 'relayed']);
  });

  it('serves a pure microservice', async () => {
    const broker = newBroker();
    const service = uniqueName('pure');
    const app = await NestFactory.createMicroservice(
      moduleOf({ imports: [AsyncCallsModule.forRoot({ service, broker })], controllers: [EchoController] }),
      { ...asyncCallsMicroservice(), logger: false },
    );
    await app.listen();
    try {
      expect(await values(app.get(AsyncCallsClient), `${service}/echo`, 'hello')).toEqual(['hello']);
    } finally {
      await app.close();
    }
  });
});
