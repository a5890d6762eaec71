import { expect, it, jest } from '@jest/globals';
import { Controller, UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallError,
  AsyncCallsServer,
  AsyncEndpoint,
  jsonSerializer,
  RetryableError,
  type Serializer,
} from 'nestjs-async-calls';
import { catchError, concat, lastValueFrom, map, of, toArray } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { startService } from '../support/services.js';

jest.setTimeout(60_000);

/** What `await` takes for a promise. */
const thenable = (then: (resolve: (value: unknown) => void) => void) =>
  // oxlint-disable-next-line unicorn/no-thenable
  Object.defineProperty({}, 'then', { value: then });

const trap = () => {
  throw new Error('trapped');
};
const hostileProxy = () =>
  new Proxy(
    {},
    { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap, getOwnPropertyDescriptor: trap },
  );
const withGetter = (error: Error, name: string) =>
  Object.defineProperty(error, name, { get: trap, configurable: true });

/** What a handler may throw, though it is no error or a vicious one. */
const THROWN = {
  null: () => null,
  undefined: () => undefined,
  'a symbol': () => Symbol('thrown'),
  'a bigint': () => 10n,
  'a function': () => trap,
  'a frozen object': () => Object.freeze({ message: 'cold' }),
  'an object without a prototype': () => Object.create(null) as object,
  'an error whose message throws': () => withGetter(new Error('x'), 'message'),
  'an error whose stack throws': () => withGetter(new Error('x'), 'stack'),
  'an error whose status throws': () => withGetter(new AsyncCallError('conflict', 'x'), 'statusCode'),
  'an error of ours whose message throws': () => withGetter(new AsyncCallError('conflict', 'x'), 'message'),
  'an error of ours whose message is a bigint': () =>
    Object.assign(new AsyncCallError('conflict', 'x'), { message: 1n }),
  'an error whose details are a proxy': () =>
    new AsyncCallError('conflict', 'x', { details: hostileProxy() }),
  'a proxy': hostileProxy,
  'a retryable error that waits for NaN': () => new RetryableError('x', { retryAfterMs: Number.NaN }),
  'an error with a message of 3 MB': () => new AsyncCallError('internal', 'x'.repeat(3_000_000)),
};

const errorOf = (what: keyof typeof THROWN) => THROWN[what]() as Error;

/** What a handler may return, though nobody expects it. */
const RETURNED = {
  'a thenable': () => thenable((resolve) => resolve('then')),
  'a thenable that throws': () => thenable(trap),
  'a thenable that resolves twice': () =>
    thenable((resolve) => {
      resolve(1);
      resolve(2);
      trap();
    }),
  'a function': () => trap,
  'a symbol': () => Symbol('returned'),
  'a proxy': hostileProxy,
  'a circle': () => {
    const circle: { self?: object } = {};
    return (circle.self = circle);
  },
  'an object whose toJSON throws null': () => ({
    toJSON: () => {
      // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
      throw null;
    },
  }),
  'a generator': function* () {
    yield* [1, 2, 3];
  },
  'a generator of promises': function* () {
    yield Promise.resolve(1);
    yield 2;
  },
  'a generator that throws': function* () {
    yield 1;
    trap();
  },
  'the values of a map': () => new Map([['a', 1]]).values(),
  'a set': () => new Set([1, 2]),
  'an async iterable without an iterator': () => ({ [Symbol.asyncIterator]: () => undefined }),
  'an async iterable of no results': () => ({
    [Symbol.asyncIterator]: () => ({ next: async () => undefined }),
  }),
  'a stream with a value that cannot be sent': () => of('one', 10n, 'three'),
  'a stream with a value whose serialization throws': () =>
    concat(of('one'), of({ toJSON: trap }), of('three')),
};

@Controller()
class ViciousController {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }

  @AsyncEndpoint('/throw')
  throwIt(@Payload() what: keyof typeof THROWN) {
    throw errorOf(what);
  }

  @AsyncEndpoint('/reject')
  async reject(@Payload() what: keyof typeof THROWN) {
    throw errorOf(what);
  }

  @AsyncEndpoint('/fail')
  fail(@Payload() what: keyof typeof THROWN) {
    return of(1).pipe(
      map(() => {
        throw errorOf(what);
      }),
    );
  }

  @AsyncEndpoint('/return')
  returnIt(@Payload() what: keyof typeof RETURNED): unknown {
    return RETURNED[what]();
  }

  @AsyncEndpoint('/guard')
  @UseGuards({ canActivate: () => Promise.reject(hostileProxy()) })
  guard() {}

  @AsyncEndpoint('/pipe')
  @UsePipes({ transform: trap })
  pipe(@Payload() value: unknown) {
    return value;
  }

  @AsyncEndpoint('/interceptor')
  @UseInterceptors({ intercept: trap })
  interceptor() {}

  @AsyncEndpoint('/filter')
  @UseFilters({ catch: trap })
  filter() {
    trap();
  }

  /** Nobody hears of what it yields, and it never ends by itself. */
  @AsyncEndpoint('/endless')
  *endless() {
    for (let value = 0; ; value += 1) yield value;
  }

  /** Ends when its caller does, and cannot be ended. */
  @AsyncEndpoint('/unreturnable')
  unreturnable() {
    let value = 0;
    return {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: (value += 1) }),
        return: trap,
      }),
    };
  }
}

describeOnBrokers('G5: no handler stops the service', (newBroker) => {
  async function setUp(serializer?: Serializer) {
    const broker = newBroker();
    const { name, app } = await startService({
      broker,
      controllers: [ViciousController],
      delivery: { retry: { attempts: 2, initialDelayMs: 1 } },
      serializer,
    });
    const { client } = await startService({ broker });
    /** Its values, and the code of its error. */
    const outcomeOf = (endpoint: string, data?: unknown, timeoutMs = 20_000) =>
      lastValueFrom(
        client
          .to(`${name}${endpoint}`, { key: 'vicious', timeoutMs })
          .send(data)
          .pipe(
            catchError((error: AsyncCallError) => of(error.code)),
            toArray(),
          ),
      );
    const serves = async () => {
      for (const key of ['vicious', 'other', undefined])
        expect(await lastValueFrom(client.to(`${name}/echo`, { key }).send('hello'))).toBe('hello');
    };
    return { broker, name, app, client, outcomeOf, serves };
  }

  it('answers whatever is thrown, in each way of throwing', async () => {
    const { outcomeOf, serves } = await setUp();
    const conflict = ['an error whose details are a proxy'];
    const unavailable = ['a retryable error that waits for NaN'];
    for (const endpoint of ['/throw', '/reject', '/fail']) {
      for (const what of Object.keys(THROWN)) {
        const code = conflict.includes(what)
          ? 'conflict'
          : unavailable.includes(what)
            ? 'unavailable'
            : 'internal';
        expect([endpoint, what, ...(await outcomeOf(endpoint, what))]).toEqual([endpoint, what, code]);
      }
    }
    await serves();
  });

  it('sends what is returned, or says that it cannot', async () => {
    const { outcomeOf, serves } = await setUp();
    const outcomes: Record<string, unknown> = {};
    for (const what of Object.keys(RETURNED)) outcomes[what] = await outcomeOf('/return', what);
    expect(outcomes).toEqual({
      'a thenable': ['then'],
      'a thenable that throws': ['internal'],
      'a thenable that resolves twice': [1],
      'a function': ['internal'],
      'a symbol': ['internal'],
      'a proxy': ['internal'],
      'a circle': ['internal'],
      'an object whose toJSON throws null': ['internal'],
      'a generator': [1, 2, 3],
      'a generator of promises': [1, 2],
      'a generator that throws': [1, 'internal'],
      'the values of a map': [1],
      'a set': [{}],
      'an async iterable without an iterator': ['internal'],
      'an async iterable of no results': ['internal'],
      'a stream with a value that cannot be sent': ['one', 'internal'],
      'a stream with a value whose serialization throws': ['one', 'internal'],
    });
    await serves();
  });

  it('answers when guards, pipes, interceptors and filters throw', async () => {
    const { outcomeOf, serves } = await setUp();
    for (const endpoint of ['/guard', '/pipe', '/interceptor', '/filter'])
      expect([endpoint, ...(await outcomeOf(endpoint, 1))]).toEqual([endpoint, 'internal']);
    await serves();
  });

  it('goes on while a generator without end runs for nobody, and when one cannot be ended', async () => {
    const { client, name, outcomeOf, serves } = await setUp();
    await lastValueFrom(client.emit(`${name}/endless`, null));
    await serves();
    expect((await outcomeOf('/unreturnable', null, 300)).at(-1)).toBe('timeout');
    await serves();
  });

  it('answers, and serves on, when the hooks around a call throw', async () => {
    const { app, outcomeOf, serves } = await setUp();
    const server = app.get(AsyncCallsServer);
    // Nest's type does not keep anybody from an async hook.
    const throwing: (() => void)[] = [trap, () => Promise.reject(new Error('no'))];
    for (const hook of throwing) {
      server.setOnProcessingStartHook(hook);
      expect(await outcomeOf('/echo', 1)).toEqual(['internal']);
    }
    server.setOnProcessingStartHook((_, __, done) => void done());
    for (const hook of throwing) {
      server.setOnProcessingEndHook(hook);
      await serves();
    }
  });

  it.each<[string, Partial<Serializer>]>([
    ['throws when it reads', { deserialize: trap }],
    ['returns nothing', { serialize: () => undefined as never }],
    ['returns text for bytes', { serialize: () => ({ bytes: 'text' as never }) }],
    ['returns a promise', { serialize: (async () => ({ bytes: null })) as never }],
  ])('answers when a serializer %s', async (_, broken) => {
    const { outcomeOf } = await setUp({ ...jsonSerializer, ...broken });
    const code = broken.deserialize ? 'bad-request' : 'internal';
    expect(await outcomeOf('/echo', 1)).toEqual([code]);
    expect(await outcomeOf('/return', 'a generator')).toEqual([code]);
  });
});
