import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncCallError, AsyncEndpoint } from 'nestjs-async-calls';
import {
  concat,
  EMPTY,
  lastValueFrom,
  materialize,
  type Observable,
  of,
  Subject,
  take,
  throwError,
  toArray,
} from 'rxjs';
import { describeOnBrokers } from '../../support/brokers.js';
import { waitFor } from '../../support/kafka.js';
import { startService } from '../../support/services.js';

let steps: Subject<number>;
let returned: Promise<void>;

@Controller()
class StreamsController {
  @AsyncEndpoint('/value')
  value() {
    return 'one';
  }

  @AsyncEndpoint('/promise')
  async promise() {
    return 'one';
  }

  @AsyncEndpoint('/nothing')
  nothing() {}

  @AsyncEndpoint('/observable')
  observable() {
    return of('one', 'two', 'three');
  }

  @AsyncEndpoint('/promise-of-observable')
  async promiseOfObservable() {
    return of('one', 'two', 'three');
  }

  @AsyncEndpoint('/iterable')
  async *iterable() {
    yield 'one';
    yield 'two';
    yield 'three';
  }

  @AsyncEndpoint('/long-iterable')
  async *longIterable(@Payload() length: number) {
    let ended!: () => void;
    returned = new Promise((resolve) => {
      ended = resolve;
    });
    try {
      for (let value = 0; value < length; value += 1) yield value;
    } finally {
      ended();
    }
  }

  @AsyncEndpoint('/empty')
  empty() {
    return EMPTY;
  }

  @AsyncEndpoint('/steps')
  steps(): Observable<number> {
    return steps;
  }

  @AsyncEndpoint('/fails')
  fails(@Payload() before: number): Observable<string> {
    const failure = new AsyncCallError('conflict', 'too late', { details: { by: 3 } });
    return concat(
      of('one', 'two').pipe(take(before)),
      throwError(() => failure),
    );
  }

  @AsyncEndpoint('/failing-iterable')
  async *failingIterable() {
    yield 'one';
    throw new AsyncCallError('conflict', 'too late');
  }

  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return of(value, value);
  }
}

describeOnBrokers('streams of partial responses', (newBroker) => {
  async function setUp() {
    const { client, name } = await startService({ broker: newBroker(), controllers: [StreamsController] });
    const call = (endpoint: string, data?: unknown) => client.send(`${name}${endpoint}`, data);
    return {
      client,
      name,
      call,
      all: (endpoint: string, data?: unknown) => lastValueFrom(call(endpoint, data).pipe(toArray())),
    };
  }

  it('brings what a handler returns, in each of its forms', async () => {
    const { all } = await setUp();
    expect(await all('/value')).toEqual(['one']);
    expect(await all('/promise')).toEqual(['one']);
    expect(await all('/nothing')).toEqual([undefined]);
    expect(await all('/empty')).toEqual([]);
    for (const endpoint of ['/observable', '/promise-of-observable', '/iterable']) {
      expect(await all(endpoint)).toEqual(['one', 'two', 'three']);
    }
  });

  it('brings each value when it is emitted', async () => {
    const { call } = await setUp();
    steps = new Subject();
    const seen: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      const next = (value: unknown) => {
        seen.push(value);
        if (value === 3) steps.complete();
        else steps.next((value as number) + 1);
      };
      call('/steps').subscribe({ next, error: reject, complete: resolve });
      waitFor(() => steps.observed, { what: 'the handler to run' }).then(() => steps.next(1), reject);
    });
    expect(seen).toEqual([1, 2, 3]);
  });

  it('ends with an error before, between and after values', async () => {
    const { call } = await setUp();
    const events = async (endpoint: string, data?: unknown) =>
      (await lastValueFrom(call(endpoint, data).pipe(materialize(), toArray()))).map(
        ({ kind, value, error }) => (kind === 'E' ? (error as Error) : (value ?? kind)),
      );
    const failure = expect.objectContaining({ code: 'conflict', statusCode: 409, message: 'too late' });
    expect(await events('/fails', 0)).toEqual([failure]);
    expect(await events('/fails', 2)).toEqual(['one', 'two', failure]);
    expect(await events('/failing-iterable')).toEqual(['one', failure]);
  });

  it('numbers the responses of a call and ties them to their request', async () => {
    const { client, name } = await setUp();
    const responses = await lastValueFrom(client.to(`${name}/observable`).responses(null).pipe(toArray()));
    expect(responses.map(({ seq, value, attempt }) => [seq, value, attempt])).toEqual([
      [0, 'one', 1],
      [1, 'two', 1],
      [2, 'three', 1],
    ]);
    expect(new Set(responses.map(({ requestId }) => requestId)).size).toBe(1);
    expect(new Set(responses.map(({ id }) => id)).size).toBe(3);
    expect(responses[0]).toMatchObject({ service: name, instance: expect.stringMatching(/^[0-9a-f]{8}$/) });
  });

  it('keeps the order and number of a long stream', async () => {
    const { all } = await setUp();
    expect(await all('/long-iterable', 5_000)).toEqual(Array.from({ length: 5_000 }, (_, value) => value));
    await returned;
  });

  it.each([
    ['a number', 12.5],
    ['zero', 0],
    ['true', true],
    ['false', false],
    ['null', null],
    ['an empty string', ''],
    ['text', 'grüße 💶'],
    ['bytes', Buffer.from([0, 255, 128])],
    ['no bytes', Buffer.alloc(0)],
    ['a nested object', { a: [1, { b: null }], c: { d: 'e' } }],
    ['an object with odd names', JSON.parse('{ "toString": 1, "constructor": 2, "": 3 }')],
  ])('carries %s both ways', async (_, value) => {
    const { all } = await setUp();
    expect(await all('/echo', value)).toStrictEqual([value, value]);
  });

  it('carries no payload, and a Date as its ISO text', async () => {
    const { all } = await setUp();
    expect(await all('/echo', undefined)).toEqual([undefined, undefined]);
    expect(await all('/echo', new Date(0))).toEqual(['1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z']);
  });
});
