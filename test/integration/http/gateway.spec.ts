import { expect, it } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  Get,
  Injectable,
  NotFoundException,
  Param,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { AsyncCallContext, AsyncCallError, AsyncCallsClient, AsyncEndpoint } from 'nestjs-async-calls';
import {
  AsyncCallErrorFilter,
  EventStream,
  HttpGatewayModule,
  type HttpRoute,
  one,
  sse,
} from 'nestjs-async-calls/http';
import { Observable, of, Subject } from 'rxjs';
import { EventsClient, request } from '../../support/events-client.js';
import { describeOnHttp, startHttpService } from '../../support/http.js';
import { waitFor } from '../../support/kafka.js';
import { startService } from '../../support/services.js';

/** What the handler of the service is told, and tells. */
class Till {
  readonly coins = new Subject<unknown>();
  readonly contexts: AsyncCallContext[] = [];
  left = 0;
}

@Controller()
class MoneyController {
  constructor(private readonly till: Till) {}

  @AsyncEndpoint('/coins')
  coins(@Ctx() context: AsyncCallContext): Observable<unknown> {
    return new Observable((subscriber) => {
      this.till.contexts.push(context);
      const subscription = this.till.coins.subscribe(subscriber);
      return () => {
        subscription.unsubscribe();
        this.till.left += 1;
      };
    });
  }

  @AsyncEndpoint('/echo')
  echo(@Payload() data: unknown, @Ctx() { key, headers }: AsyncCallContext) {
    return { data, key, tenant: headers.get('tenant') };
  }

  @AsyncEndpoint('/several')
  several() {
    return of(1, 2, 3);
  }

  @AsyncEndpoint('/missing')
  missing() {
    throw new NotFoundException('No such account');
  }

  @AsyncEndpoint('/invalid')
  @UseFilters(AsyncCallErrorFilter)
  invalid() {
    throw new AsyncCallError('bad-request', 'It is invalid', { details: ['amount'] });
  }
}

/** The service that is called. */
class Target {
  constructor(readonly service: string) {}
}

/** By hand. */
@Controller('by-hand')
class GatewayController {
  constructor(
    private readonly client: AsyncCallsClient,
    private readonly target: Target,
  ) {}

  @Get('coins')
  @EventStream()
  coins() {
    return sse(this.client.to(`${this.target.service}/coins`).responses({}));
  }

  @Get('values')
  @EventStream()
  values() {
    return this.client.send(`${this.target.service}/several`, {});
  }

  @Get('one/:endpoint')
  one(@Param('endpoint') endpoint: string) {
    return one(this.client.send(`${this.target.service}/${endpoint}`, {}));
  }

  @Get('detailed/:endpoint')
  @UseFilters(AsyncCallErrorFilter)
  detailed(@Param('endpoint') endpoint: string) {
    return this.one(endpoint);
  }

  @Get('hasty')
  @EventStream({ keepAliveMs: 600_000 })
  hasty() {
    return this.client.send(`${this.target.service}/coins`, {});
  }
}

@Injectable()
class Closed implements CanActivate {
  canActivate() {
    return false;
  }
}

function routesTo(service: string): HttpRoute[] {
  return [
    { method: 'GET', path: 'coins', to: `${service}/coins`, stream: true },
    { method: 'GET', path: 'echo/:id', to: `${service}/echo` },
    { method: 'POST', path: 'echo', to: { service, endpoint: '/echo' } },
    {
      method: 'PUT',
      path: 'accounts/:id',
      to: `${service}/echo`,
      call: ({ params, body, headers }) => ({
        data: { ...(body as object), id: params['id'] },
        key: params['id'],
        headers: { tenant: String(headers['x-tenant']) },
      }),
    },
    { method: 'DELETE', path: 'several', to: `${service}/several` },
    { method: 'GET', path: 'missing', to: `${service}/missing`, stream: { onReconnect: 'repeat' } },
    { method: 'GET', path: 'nowhere', to: 'no-such-service/x' },
    { method: 'GET', path: 'closed', to: `${service}/echo`, decorators: [UseGuards(Closed)] },
  ];
}

describeOnHttp('HTTP in front of endpoints', (newAdapter, newBroker) => {
  async function setUp() {
    const broker = newBroker();
    const till = new Till();
    const { name } = await startService({
      broker,
      controllers: [MoneyController],
      providers: [{ provide: Till, useValue: till }],
    });
    const { url, client } = await startHttpService({
      broker,
      adapter: newAdapter(),
      serves: false,
      controllers: [GatewayController],
      providers: [{ provide: Target, useValue: new Target(name) }],
      imports: [HttpGatewayModule.forRoutes(routesTo(name), { prefix: 'api' })],
    });
    const json = async (method: string, path: string, body?: unknown) => {
      const response = await request(`${url}${path}`, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: {
          accept: 'application/json',
          'x-tenant': 'blue',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      });
      return [response.status, await response.json()];
    };
    return { till, url, client, json };
  }

  it.each(['/by-hand/coins', '/api/coins'])(
    'streams responses as they come, with their ids: %s',
    async (path) => {
      const { till, url } = await setUp();
      const connecting = EventsClient.connect(`${url}${path}`);
      const [context] = await waitFor(() => till.contexts.length > 0 && till.contexts, { what: 'the call' });
      till.coins.next({ coin: 1 });
      const events = await connecting;
      expect(await events.received(1)).toEqual([{ coin: 1 }]);
      till.coins.next({ coin: 2 });
      expect(await events.received(2)).toEqual([{ coin: 1 }, { coin: 2 }]);
      expect(events.state).toBe('open');
      till.coins.complete();
      expect(await events.over()).toBe('ended');
      expect(events.events.map(({ id }) => id)).toEqual([
        `${context.requestId}/0`,
        `${context.requestId}/1`,
        undefined,
      ]);
      expect(events.signals).toEqual([['end', { events: 2 }]]);
    },
  );

  it('gives the call up when its client leaves: the handler is ended', async () => {
    const { till, url, client } = await setUp();
    const connecting = EventsClient.connect(`${url}/api/coins`);
    await waitFor(() => till.contexts.length > 0, { what: 'the call' });
    till.coins.next(1);
    const events = await connecting;
    await events.received(1);
    expect(till.contexts[0].signal.aborted).toBe(false);
    events.leave();
    await waitFor(() => till.contexts[0].signal.aborted && till.left === 1, {
      what: 'the end of the handler',
    });
    await waitFor(() => client.counts.cancelsWritten === 1, { what: 'the acknowledgement of the cancel' });
    expect(client.inFlight).toBe(0);
  });

  it('gives the call up when its client leaves before the first response', async () => {
    const { till, url } = await setUp();
    const leaving = new AbortController();
    const left = request(`${url}/api/coins`, { signal: leaving.signal }).catch((error: Error) => error.name);
    await waitFor(() => till.contexts.length > 0, { what: 'the call' });
    leaving.abort();
    expect(await left).toBe('AbortError');
    await waitFor(() => till.contexts[0].signal.aborted && till.left === 1, {
      what: 'the end of the handler',
    });
  });

  it('tells an error with its status before the first response, and as an event after it', async () => {
    const { till, url, json } = await setUp();
    expect(await json('GET', '/by-hand/one/missing')).toMatchObject([404, { message: 'No such account' }]);
    const missing = await request(`${url}/api/missing`, { headers: { accept: 'text/event-stream' } });
    expect([missing.status, await missing.json()]).toMatchObject([404, { message: 'No such account' }]);
    expect(await json('GET', '/api/nowhere')).toMatchObject([502, { statusCode: 502 }]);
    const connecting = EventsClient.connect(`${url}/api/coins`);
    await waitFor(() => till.contexts.length > 0, { what: 'the call' });
    till.coins.next(1);
    till.coins.error(new NotFoundException('Out of coins'));
    const events = await connecting;
    expect(await events.over()).toBe('ended');
    expect(events.values).toEqual([1]);
    expect(events.signals).toEqual([
      ['error', { statusCode: 404, code: 'not-found', message: 'Out of coins' }],
    ]);
  });

  it('keeps the details of an error from HTTP, unless it is told otherwise', async () => {
    const { json } = await setUp();
    const plain = { statusCode: 400, message: 'It is invalid' };
    expect(await json('GET', '/by-hand/one/invalid')).toEqual([400, plain]);
    const detailed = { ...plain, code: 'bad-request', details: ['amount'] };
    expect(await json('GET', '/by-hand/detailed/invalid')).toEqual([400, detailed]);
    expect(await json('GET', '/by-hand/detailed/several')).toEqual([
      502,
      { statusCode: 502, message: 'Bad Gateway' },
    ]);
  });

  it('streams plain values, and lists them for JSON', async () => {
    const { url, json } = await setUp();
    const events = await EventsClient.connect(`${url}/by-hand/values`);
    expect(await events.over()).toBe('ended');
    expect(events.events.map(({ id, data }) => [id, data])).toEqual([
      ['0', '1'],
      ['1', '2'],
      ['2', '3'],
      [undefined, '{"events":3}'],
    ]);
    expect(await json('GET', '/by-hand/values')).toEqual([200, [1, 2, 3]]);
  });

  it('makes one response of a call the body, and refuses several', async () => {
    const { json } = await setUp();
    expect(await json('GET', '/api/echo/7?a=1&id=8')).toEqual([200, { data: { a: '1', id: '7' } }]);
    expect(await json('POST', '/api/echo', { a: 1 })).toEqual([201, { data: { a: 1 } }]);
    expect(await json('PUT', '/api/accounts/7', { a: 1 })).toEqual([
      200,
      { data: { a: 1, id: '7' }, key: '7', tenant: 'blue' },
    ]);
    expect(await json('DELETE', '/api/several')).toMatchObject([502, { statusCode: 502 }]);
    expect(await json('GET', '/api/closed')).toMatchObject([403, { statusCode: 403 }]);
  });

  it('hands on how long its client waits', async () => {
    const { till, url } = await setUp();
    const headers = { prefer: 'respond-async, wait=1' };
    // On a busy machine a request may be late before it is begun: then it is not.
    const [context] = await waitFor(
      async () => {
        expect((await request(`${url}/by-hand/hasty`, { headers })).status).toBe(504);
        return till.contexts.length > 0 && till.contexts;
      },
      { what: 'a call that was begun' },
    );
    expect(context.deadline!.getTime() - context.record.timestamp).toBeLessThanOrEqual(1_000);
    await waitFor(() => till.left === till.contexts.length, { what: 'the end of the handler' });
  });
});
