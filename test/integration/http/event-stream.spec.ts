import { expect, it } from '@jest/globals';
import {
  Body,
  type CallHandler,
  ConflictException,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  Post,
  Scope,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AsyncCallError, AsyncEndpoint } from 'nestjs-async-calls';
import { EventSource, type MessageEvent, type RequestInit } from 'undici';
import { BodyFromUrl, EventStream, ServerSentEvent } from 'nestjs-async-calls/http';
import { concat, EMPTY, lastValueFrom, map, NEVER, Observable, of, Subject, throwError, toArray } from 'rxjs';
import { EventsClient, request } from '../../support/events-client.js';
import { describeOnHttp, startHttpService } from '../../support/http.js';
import { waitFor } from '../../support/kafka.js';

interface Wish {
  readonly amount: number;
}

/** What a test does with the running stream of a controller. */
class Taps {
  subject = new Subject<unknown>();
  subscribed = 0;
  left = 0;
  pulled = 0;
  returned = 0;

  observe(): Observable<unknown> {
    return new Observable((subscriber) => {
      this.subscribed += 1;
      const subscription = this.subject.subscribe(subscriber);
      return () => {
        subscription.unsubscribe();
        this.left += 1;
      };
    });
  }
}

@Controller()
class StreamController {
  constructor(readonly taps: Taps) {}

  @Post('bundles')
  @EventStream()
  @AsyncEndpoint('/bundles')
  bundles(@Body() { amount }: Wish) {
    return of(1, 2, 3, 4).pipe(map((bundle) => ({ bundle, amount: amount / 4 })));
  }

  @AsyncEndpoint('/by-url')
  @EventStream({ onReconnect: 'repeat', retryMs: 1_234 })
  @BodyFromUrl()
  @Get('by-url/:amount')
  async *byUrl(@Body() wish: Wish) {
    yield wish;
    yield undefined;
    yield null;
    yield 'two\nlines';
  }

  @Get('generator')
  @EventStream()
  *generator() {
    yield 1;
    yield 2;
  }

  @Get('open')
  @EventStream()
  open() {
    return this.taps.observe();
  }

  @Get('quiet')
  @EventStream({ keepAliveMs: 30 })
  quiet() {
    return this.taps.observe();
  }

  @Get('endless')
  @EventStream()
  async *endless() {
    try {
      for (;;) {
        this.taps.pulled += 1;
        yield 'x'.repeat(1_000);
      }
    } finally {
      this.taps.returned += 1;
    }
  }

  @Get('hasty')
  @EventStream({ retryMs: 10 })
  hasty() {
    return concat(of(1, 2), this.taps.observe());
  }

  @Get('flood')
  @EventStream({ maxPendingBytes: 100_000 })
  flood() {
    return this.taps.observe();
  }

  @Get('custom')
  @EventStream()
  custom() {
    return of(new ServerSentEvent({ a: 1 }, { id: 'mine', type: 'bundle' }), new ServerSentEvent(2));
  }

  @Get('missing')
  @EventStream()
  @AsyncEndpoint('/missing')
  missing() {
    return throwError(() => new NotFoundException('No such wish'));
  }

  @Get('late-missing')
  @EventStream()
  async lateMissing() {
    await new Promise((resolve) => setTimeout(resolve, 20));
    throw new AsyncCallError('conflict', 'The account is closed');
  }

  @Get('failing')
  @EventStream()
  @AsyncEndpoint('/failing')
  failing() {
    return concat(
      of(1),
      throwError(() => new ConflictException('Enough')),
    );
  }

  @Get('breaking')
  @EventStream()
  breaking() {
    return concat(
      of(1),
      throwError(() => new Error('secret')),
    );
  }

  @Get('remote-failing')
  @EventStream()
  remoteFailing() {
    return concat(
      of(1),
      throwError(() => new AsyncCallError('timeout', 'internals')),
    );
  }

  @Get('unsendable')
  @EventStream()
  unsendable() {
    return concat(of(1, 2n), NEVER);
  }

  @Get('empty')
  @EventStream()
  empty() {
    return EMPTY;
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedController {
  private emitted = 0;

  @Get()
  @EventStream()
  scoped() {
    return of(++this.emitted, ++this.emitted);
  }
}

@Injectable()
class Marking implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((value: unknown) => ({ marked: value })));
  }
}

describeOnHttp('a method with @EventStream', (newAdapter, newBroker) => {
  async function setUp({ marked = false } = {}) {
    const taps = new Taps();
    const { url, client, name, app } = await startHttpService({
      broker: newBroker(),
      adapter: newAdapter(),
      controllers: [StreamController, ScopedController],
      providers: [
        { provide: Taps, useValue: taps },
        ...(marked ? [{ provide: APP_INTERCEPTOR, useClass: Marking }] : []),
      ],
      configure: (made) => marked && made.useGlobalInterceptors(new Marking()),
    });
    const connect = (path: string, init?: RequestInit) => EventsClient.connect(`${url}${path}`, init);
    const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
      connect(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      });
    const call = (endpoint: string, data?: unknown) =>
      lastValueFrom(client.send(`${name}${endpoint}`, data).pipe(toArray()));
    return { taps, url, connect, post, call, app };
  }

  it('streams its values over HTTP, and over Kafka', async () => {
    const { post, call } = await setUp();
    const bundles = [1, 2, 3, 4].map((bundle) => ({ bundle, amount: 250 }));
    const events = await post('/bundles', { amount: 1_000 });
    expect(await events.over()).toBe('ended');
    expect(events.response.status).toBe(200);
    expect(Object.fromEntries(events.response.headers)).toMatchObject({
      'content-type': expect.stringMatching(/^text\/event-stream/),
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      vary: expect.stringContaining('Accept'),
    });
    expect(events.values).toEqual(bundles);
    expect(events.events.map(({ id }) => id)).toEqual(['0', '1', '2', '3', undefined]);
    expect(events.signals).toEqual([['end', { events: 4 }]]);
    expect(await call('/bundles', { amount: 1_000 })).toEqual(bundles);
  });

  it('takes its input from the URL, and values that JSON does not know', async () => {
    const { connect, call } = await setUp();
    const events = await connect('/by-url/7?currency=EUR&amount=8');
    expect(await events.over()).toBe('ended');
    expect(events.values).toEqual([{ amount: '7', currency: 'EUR' }, null, null, 'two\nlines']);
    expect(events.retries).toEqual([1_234]);
    expect(await call('/by-url', { amount: 7 })).toEqual([{ amount: 7 }, undefined, null, 'two\nlines']);
  });

  it('may be a generator without being an endpoint', async () => {
    const { connect } = await setUp();
    const events = await connect('/generator');
    expect(await events.over()).toBe('ended');
    expect(events.values).toEqual([1, 2]);
  });

  it('may belong to a request-scoped controller', async () => {
    const { connect } = await setUp();
    for (let time = 0; time < 2; time += 1) {
      const events = await connect('/scoped');
      expect(await events.over()).toBe('ended');
      expect(events.values).toEqual([1, 2]);
    }
  });

  it('sends each value when it is emitted', async () => {
    const { taps, connect } = await setUp();
    const connecting = connect('/open');
    await waitFor(() => taps.subscribed === 1, { what: 'the subscription' });
    taps.subject.next('a');
    const events = await connecting;
    expect(await events.received(1)).toEqual(['a']);
    taps.subject.next('b');
    expect(await events.received(2)).toEqual(['a', 'b']);
    expect(events.state).toBe('open');
    taps.subject.complete();
    expect(await events.over()).toBe('ended');
    expect(events.signals).toEqual([['end', { events: 2 }]]);
  });

  it('is unsubscribed when the client leaves, before the first value and after it', async () => {
    const { taps, url, connect } = await setUp();
    const leaving = new AbortController();
    const refused = request(`${url}/open`, {
      signal: leaving.signal,
    }).catch((error: Error) => error.name);
    await waitFor(() => taps.subscribed === 1, { what: 'the subscription' });
    leaving.abort();
    expect(await refused).toBe('AbortError');
    await waitFor(() => taps.left === 1, { what: 'the first to leave' });

    const connecting = connect('/open');
    await waitFor(() => taps.subscribed === 2, { what: 'the second subscription' });
    taps.subject.next('a');
    const events = await connecting;
    await events.received(1);
    expect(taps.left).toBe(1);
    events.leave();
    await waitFor(() => taps.left === 2, { what: 'the second to leave' });
  });

  it('asks an async iterable for no more than its client reads, and returns it', async () => {
    const { taps, url } = await setUp();
    const leaving = new AbortController();
    const response = await request(`${url}/endless`, { signal: leaving.signal });
    const reader = response.body!.getReader();
    await reader.read();
    let before = -1;
    await waitFor(
      () => {
        const stands = taps.pulled === before;
        before = taps.pulled;
        return stands;
      },
      { what: 'the iterable to wait' },
    );
    expect(taps.returned).toBe(0);
    leaving.abort();
    await waitFor(() => taps.returned === 1, { what: 'the iterable to be returned' });
  });

  it('cuts a client off for which too much waits', async () => {
    const { taps, connect } = await setUp();
    const connecting = connect('/flood');
    await waitFor(() => taps.subscribed === 1, { what: 'the subscription' });
    for (let index = 0; index < 200; index += 1) taps.subject.next('x'.repeat(1_000));
    expect(await connecting.then((events) => events.over()).catch(() => 'cut')).toBe('cut');
    expect(taps.left).toBe(1);
  });

  it('keeps a quiet connection alive, and then can only say in mid-stream that it fails', async () => {
    const { taps, connect } = await setUp();
    const events = await connect('/quiet');
    await waitFor(() => events.comments.length >= 2, { what: 'two comments' });
    expect(events.response.status).toBe(200);
    taps.subject.error(new NotFoundException('No such wish'));
    expect(await events.over()).toBe('ended');
    expect(events.signals).toEqual([
      ['error', { statusCode: 404, code: 'not-found', message: 'No such wish' }],
    ]);
  });

  it('sends events with an id and a type of their own', async () => {
    const { connect } = await setUp();
    const events = await connect('/custom');
    await events.over();
    expect(events.events).toEqual([
      { event: 'bundle', id: 'mine', data: '{"a":1}' },
      { event: undefined, id: '1', data: '2' },
      { event: 'end', id: undefined, data: '{"events":2}' },
    ]);
  });

  it('answers an error before the first value with its status', async () => {
    const { url, call } = await setUp();
    for (const [path, status, message] of [
      ['/missing', 404, 'No such wish'],
      ['/late-missing', 409, 'The account is closed'],
    ] as const) {
      const response = await request(`${url}${path}`, { headers: { accept: 'text/event-stream' } });
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(await response.json()).toMatchObject({ statusCode: status, message });
    }
    await expect(call('/missing')).rejects.toMatchObject({ code: 'not-found', statusCode: 404 });
  });

  it.each([
    ['/failing', { statusCode: 409, code: 'conflict', message: 'Enough' }],
    ['/breaking', { statusCode: 500, code: 'internal', message: 'Internal Server Error' }],
    ['/remote-failing', { statusCode: 504, code: 'timeout', message: 'Gateway Timeout' }],
    ['/unsendable', { statusCode: 500, code: 'internal', message: 'Internal Server Error' }],
  ])('tells an error behind values as an event: %s', async (path, error) => {
    const { connect } = await setUp();
    const events = await connect(path);
    expect(await events.over()).toBe('ended');
    expect(events.response.status).toBe(200);
    expect(events.values).toEqual([1]);
    expect(events.signals).toEqual([['error', error]]);
  });

  it('says that a stream without values has ended', async () => {
    const { connect } = await setUp();
    const events = await connect('/empty');
    expect(await events.over()).toBe('ended');
    expect(events.events).toEqual([{ event: 'end', id: undefined, data: '{"events":0}' }]);
  });

  it('tells a browser that connects again to stop, without running', async () => {
    const { taps, connect } = await setUp();
    const events = await connect('/open', { headers: { 'last-event-id': '3' } });
    expect(await events.over()).toBe('ended');
    expect(events.response.status).toBe(204);
    expect(events.text).toBe('');
    expect(taps.subscribed).toBe(0);
    const repeated = await connect('/by-url/7', { headers: { 'last-event-id': '3' } });
    expect(await repeated.received(4)).toHaveLength(4);
  });

  it('is run once for an EventSource, which connects again by itself', async () => {
    const { taps, url } = await setUp();
    const source = new EventSource(`${url}/hasty`);
    try {
      const values: unknown[] = [];
      const ends: unknown[] = [];
      source.addEventListener('message', ({ data }) => values.push(data));
      source.addEventListener('end', (event) => ends.push((event as MessageEvent).data));
      await waitFor(() => values.length === 2, { what: 'the events' });
      taps.subject.complete();
      await waitFor(() => source.readyState === EventSource.CLOSED, { what: 'it to give up' });
      expect([values, ends]).toEqual([['1', '2'], ['{"events":2}']]);
      expect(taps.subscribed).toBe(1);
    } finally {
      source.close();
    }
  });

  it('gives every stream an id from its beginning', async () => {
    const { connect } = await setUp();
    const events = await connect('/quiet');
    await waitFor(() => events.comments.length >= 1, { what: 'a comment' });
    expect(events.text).toMatch(/^id: start\n\n/);
  });

  it('gives a list to a client that wants JSON', async () => {
    const { url } = await setUp();
    const ask = async (path: string, init: RequestInit = {}) => {
      const headers = { accept: 'application/json', 'content-type': 'application/json' };
      const answer = await request(`${url}${path}`, { headers, ...init });
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      return [answer.status, await answer.json()];
    };
    const bundles = [1, 2, 3, 4].map((bundle) => ({ bundle, amount: 1 }));
    expect(await ask('/bundles', { method: 'POST', body: '{"amount":4}' })).toEqual([200, bundles]);
    expect(await ask('/custom')).toEqual([200, [{ a: 1 }, 2]]);
    expect(await ask('/empty')).toEqual([200, []]);
    expect(await ask('/failing')).toMatchObject([409, { message: 'Enough' }]);
    expect(await ask('/unsendable')).toMatchObject([500, { statusCode: 500 }]);
  });

  it('fails a list that is too long, and unsubscribes when its client leaves', async () => {
    const { taps, url } = await setUp();
    const headers = { accept: 'application/json' };
    const tooLong = request(`${url}/flood`, { headers });
    await waitFor(() => taps.subscribed === 1, { what: 'the subscription' });
    for (let index = 0; index < 200; index += 1) taps.subject.next('x'.repeat(1_000));
    expect((await tooLong).status).toBe(500);
    expect(taps.left).toBe(1);
    const leaving = new AbortController();
    const left = request(`${url}/open`, { headers, signal: leaving.signal }).catch(
      (error: Error) => error.name,
    );
    await waitFor(() => taps.subscribed === 2, { what: 'the second subscription' });
    leaving.abort();
    expect(await left).toBe('AbortError');
    await waitFor(() => taps.left === 2, { what: 'the client to leave' });
  });

  it('does not run for HEAD', async () => {
    const { taps, connect } = await setUp();
    const { response } = await connect('/open', { method: 'HEAD' });
    expect(response.ok).toBe(true);
    expect(taps.subscribed).toBe(0);
  });

  it('ends with the application, whether or not something was sent', async () => {
    const { taps, url, connect, app } = await setUp();
    const begun = connect('/open');
    await waitFor(() => taps.subscribed === 1, { what: 'the first subscription' });
    taps.subject.next('a');
    const events = await begun;
    const waiting = request(`${url}/open`);
    await waitFor(() => taps.subscribed === 2, { what: 'the second subscription' });
    const list = request(`${url}/open`, { headers: { accept: 'application/json' } });
    await waitFor(() => taps.subscribed === 3, { what: 'the third subscription' });
    const closed = app.close();
    expect(await events.over()).toBe('ended');
    expect(events.signals).toEqual([
      ['error', { statusCode: 503, code: 'closed', message: 'Service Unavailable' }],
    ]);
    expect([(await waiting).status, (await list).status]).toEqual([503, 503]);
    await closed;
    expect(taps.left).toBe(3);
  });

  it('shows each value to global interceptors, as over Kafka', async () => {
    const { post, call } = await setUp({ marked: true });
    const marked = [1, 2, 3, 4].map((bundle) => ({ marked: { marked: { bundle, amount: 1 } } }));
    const events = await post('/bundles', { amount: 4 });
    await events.over();
    expect(events.values).toEqual(marked);
    expect(await call('/bundles', { amount: 4 })).toEqual(marked);
  });
});
