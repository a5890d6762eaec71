import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  AsyncCallContext,
  AsyncCallsClient,
  AsyncCallsModule,
  AsyncEndpoint,
  type CallOptions,
  RetryableError,
} from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { concat, lastValueFrom, materialize, NEVER, of, tap, throwError, toArray } from 'rxjs';
import {
  type AsyncCallsTesting,
  describeOnBrokers as describeTester,
  type RawResponse,
} from '../../lib/testing/index.js';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { moduleOf, startService } from '../support/services.js';

const ran: string[] = [];

@Controller()
class LettersController {
  /** Fails in mid-stream, at first. */
  @AsyncEndpoint('/letters')
  letters(@Ctx() { attempt }: AsyncCallContext) {
    const first = of(`a${attempt}`, `b${attempt}`);
    if (attempt > 1) return concat(first, of(`c${attempt}`));
    return concat(
      first,
      throwError(() => new RetryableError('once more')),
    );
  }

  /** Does not end on the instance that runs it first. */
  @AsyncEndpoint('/held')
  held(@Payload() mark: string) {
    ran.push(mark);
    const runs = ran.filter((each) => each === mark).length;
    return concat(of('a', 'b'), runs === 1 ? NEVER : of('c'));
  }
}

describeOnBrokers('G2: a stream arrives whole or says so', (newBroker) => {
  it.each([
    ['continue', ['a1', 'b1', 'c2'], [1, 1, 2]],
    ['restart', ['a1', 'b1', 'a2', 'b2', 'c2'], [1, 1, 2, 2, 2]],
  ] as const)(
    'is followed over another attempt of the same instance (%s)',
    async (onRedelivery, values, numbers) => {
      const broker = newBroker();
      const { name } = await startService({ broker, controllers: [LettersController] });
      const { client } = await startService({ broker, calls: { onRedelivery } });
      const responses = await lastValueFrom(client.to(`${name}/letters`).responses(null).pipe(toArray()));
      expect(responses.map(({ value }) => value)).toEqual(values);
      expect(responses.map(({ delivery }) => delivery)).toEqual(numbers);
      expect(responses.map(({ attempt }) => attempt)).toEqual(numbers);
    },
  );

  it('is followed to another instance, which counts its attempts anew', async () => {
    const broker = newBroker();
    const mark = uniqueName('mark');
    const service = uniqueName('service');
    const options = { broker, service, controllers: [LettersController] };
    const first = await startService(options);
    const { client } = await startService({ broker });
    let came = 0;
    const call = client.to(`${service}/held`).responses<string>(mark);
    const all = lastValueFrom(
      call.pipe(
        tap(() => (came += 1)),
        toArray(),
      ),
    );
    await waitFor(() => came === 2, { what: 'the first two responses' });
    await first.app.close();
    await startService(options);
    expect((await all).map(({ value, delivery, attempt }) => [value, delivery, attempt])).toEqual([
      ['a', 1, 1],
      ['b', 1, 1],
      ['c', 2, 1],
    ]);
  });
});

const reader = moduleOf({ imports: [AsyncCallsModule.forRoot({ service: 'reader', broker: memory() })] });

describeTester(
  'G2: a stream of several deliveries, or of none to the end',
  (broker) => {
    let tester: AsyncCallsTesting;
    let client: AsyncCallsClient;

    beforeEach(async () => {
      tester = await broker.start(reader);
      client = tester.app.get(AsyncCallsClient);
      await client.connect();
    });
    afterEach(() => tester.close());

    /** What a call brings that is answered so: `value, delivery` of each response, and the end. */
    async function bring(options: CallOptions, ...responses: RawResponse[]): Promise<unknown[]> {
      tester.fake('letters/letters').sends(...responses);
      const call = client.to('letters/letters', { timeoutMs: 20_000, ...options }).responses<string>(null);
      const events = await lastValueFrom(call.pipe(materialize(), toArray()));
      // A call may be over while its service still answers.
      await tester.settled();
      return events.map(({ kind, value, error }) => {
        if (kind === 'N') return [value?.value, value?.delivery];
        return kind === 'E' ? (error as Error) : 'complete';
      });
    }

    const later = { epoch: 7 } as const;
    /** An instance that is superseded in mid-stream, does not know it, and goes on to fail. */
    const superseded: RawResponse[] = [
      { seq: 0, value: 'a' },
      { seq: 1, value: 'b' },
      { seq: 0, value: 'A', ...later },
      { seq: 2, value: 'zombie' },
      { seq: 1, value: 'B', ...later },
      { seq: 3, kind: 'complete' },
      { seq: 2, value: 'C', ...later },
      { seq: 1, value: 'b' },
      { seq: 3, kind: 'last', value: 'D', ...later },
    ];

    it('goes on with a later delivery, and drops what the earlier one still writes', async () => {
      expect(await bring({}, ...superseded)).toEqual([['a', 1], ['b', 1], ['C', 2], ['D', 2], 'complete']);
    });

    it('starts again with a later delivery, if that is wanted', async () => {
      expect(await bring({ onRedelivery: 'restart' }, ...superseded)).toEqual([
        ['a', 1],
        ['b', 1],
        ['A', 2],
        ['B', 2],
        ['C', 2],
        ['D', 2],
        'complete',
      ]);
    });

    it('ends at a later delivery with "interrupted", if that is wanted', async () => {
      expect(await bring({ onRedelivery: 'fail' }, ...superseded)).toEqual([
        ['a', 1],
        ['b', 1],
        expect.objectContaining({ code: 'interrupted', statusCode: 503 }),
      ]);
    });

    it('says so when a response is missing', async () => {
      expect(await bring({}, { seq: 0, value: 'a' }, { seq: 2, value: 'c' })).toEqual([
        ['a', 1],
        expect.objectContaining({ code: 'protocol-error' }),
      ]);
    });

    it('says so when nothing comes any more, long before the timeout', async () => {
      // Enough for the first response to come, on a busy machine and by Kafka.
      const bringing = bring({ idleTimeoutMs: 6_000 }, { seq: 0, value: 'a' }, { seq: 1, value: 'b' });
      await tester.advance(6_000);
      expect(await bringing).toEqual([
        ['a', 1],
        ['b', 1],
        expect.objectContaining({
          code: 'timeout',
          message: expect.stringMatching(/sent no response for 6000 ms, the idle timeout; 2 came \(request/),
        }),
      ]);
    });
  },
  { describe },
);
