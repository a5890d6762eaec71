import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, type Type } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import {
  AsyncCallContext,
  AsyncCallError,
  AsyncCallsClient,
  AsyncCallsModule,
  type AsyncCallsOptions,
  AsyncEndpoint,
  type CallOptions,
} from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { EMPTY, lastValueFrom, NEVER, type Observable, take, toArray } from 'rxjs';
import {
  type AsyncCallsTesting,
  describeOnBrokers as describeTester,
  type RawResponse,
} from '../../lib/testing/index.js';
import { describeOnBrokers } from '../support/brokers.js';
import { waitFor } from '../support/kafka.js';
import { ScriptedService } from '../support/scripted-service.js';
import { moduleOf, startService } from '../support/services.js';

/** For a request to be begun, on a busy machine and by Kafka: one that is late is not. */
const ENOUGH_MS = 8_000;

/** The outcome of a call, whichever it is. */
function outcomeOf(call: Observable<unknown>): Promise<unknown> {
  return lastValueFrom(call.pipe(toArray())).catch((error: unknown) => error);
}

describeOnBrokers('G7: a call that is given up writes a cancel record', (newBroker) => {
  it('behind its request, with its key, when it is unsubscribed', async () => {
    const broker = newBroker();
    const service = await ScriptedService.start(broker);
    const { client } = await startService({ broker });
    const subscription = client.to(`${service.name}/letters`, { key: 'account-7' }).send(1).subscribe();
    const { correlationId } = await service.request(0);
    subscription.unsubscribe();
    expect(await waitFor(() => service.cancelled[0], { what: 'the cancel' })).toBe(correlationId.toString());
    expect(service.records.map(({ partition, key }) => [partition, key?.toString()])).toEqual([
      [0, 'account-7'],
      [0, 'account-7'],
    ]);
    expect(service.records[1]).toMatchObject({ value: null });
    await waitFor(() => client.counts.cancelsWritten === 1, { what: 'the acknowledgement of the cancel' });
    expect(client.counts).toMatchObject({ pendingRequests: 0, cancelsLost: 0 });
  });
});

describeTester(
  'G7: a call that is given up writes a cancel',
  (broker) => {
    let tester: AsyncCallsTesting;
    afterEach(async () => {
      await tester.settled();
      await tester.close();
    });

    /** The client of a service, and the endpoint that it calls: of a fake service, unless another is given. */
    async function setUp(
      options: CallOptions = {},
      calls: AsyncCallsOptions['calls'] = {},
      others: Type[] = [],
    ) {
      const reader = moduleOf({
        imports: [AsyncCallsModule.forRoot({ service: 'reader', broker: memory(), calls })],
      });
      tester = await broker.start([reader, ...others]);
      const client = tester.appOf('reader').get(AsyncCallsClient);
      const to = client.to('scribe/letters', { key: 'account-7', timeoutMs: 20_000, ...options });
      const received: string[] = [];
      /** From now on the endpoint sends this, and then nothing more. */
      const respond = (...responses: RawResponse[]) =>
        tester
          .fake('scribe/letters')
          .answers(({ requestId }) => {
            received.push(requestId);
            return EMPTY;
          })
          .sends(...responses)
          .staysSilent();
      const requests = (count: number) =>
        waitFor(() => received.length === count && received, { what: `${count} requests at the service` });
      /** The ids of the requests that were given up; the broker has stored so many cancels. */
      const cancelled = async (count: number) => {
        await waitFor(() => client.counts.cancelsWritten === count, { what: `${count} cancels` });
        return tester.sent({ kind: 'cancel' }).map(({ requestId }) => requestId);
      };
      /** Sends a message behind all that was written before, and resolves with what stands there. */
      const writtenBefore = async () => {
        await lastValueFrom(client.to('scribe/marker', { key: 'account-7' }).emit(1));
        return tester.sent({ from: 'reader', to: 'scribe' }).map(({ kind }) => kind);
      };
      if (others.length === 0) {
        respond();
        tester.fake('scribe/marker').staysSilent();
      }
      return { client, to, respond, requests, cancelled, writtenBefore };
    }

    it('when it has all of a stream that its caller wants', async () => {
      const { to, respond, requests, cancelled } = await setUp();
      respond({ seq: 0, value: 'a' }, { seq: 1, value: 'b' });
      expect(await outcomeOf(to.send(1).pipe(take(1)))).toEqual(['a']);
      expect(await cancelled(1)).toEqual(await requests(1));
    });

    it('when its idle timeout is over', async () => {
      const { client, to, requests, cancelled, writtenBefore } = await setUp({ idleTimeoutMs: 1_500 });
      await client.connect();
      // The way to the service is known then: whatever the time, the request leaves.
      await writtenBefore();
      const outcome = outcomeOf(to.send(1));
      const received = await requests(1);
      await tester.advance(1_500);
      expect(await outcome).toMatchObject({ code: 'timeout' });
      expect(await cancelled(1)).toEqual(received);
    });

    it('when what comes does not follow the protocol', async () => {
      const { to, respond, requests, cancelled } = await setUp();
      respond({ seq: 1, value: 'b' });
      expect(await outcomeOf(to.send(1))).toMatchObject({ code: 'protocol-error' });
      expect(await cancelled(1)).toEqual(await requests(1));
    });

    it('when another delivery begins that it does not want', async () => {
      const { to, respond, requests, cancelled } = await setUp({}, { onRedelivery: 'fail' });
      respond({ seq: 0, value: 'a' }, { seq: 0, value: 'A', epoch: 2 });
      expect(await outcomeOf(to.send(1))).toMatchObject({ code: 'interrupted' });
      expect(await cancelled(1)).toEqual(await requests(1));
    });

    it('when its client is closed, before that has disconnected', async () => {
      const { client, to, requests } = await setUp();
      const outcomes = [1, 2, 3].map((value) => outcomeOf(to.send(value)));
      const received = await requests(3);
      await client.close();
      expect(client.counts).toMatchObject({ cancelsWritten: 3, cancelsLost: 0 });
      for (const outcome of outcomes) expect(await outcome).toMatchObject({ code: 'closed' });
      expect(tester.sent({ kind: 'cancel' }).map(({ requestId }) => requestId)).toEqual(received);
    });

    it('but none if its stream has ended', async () => {
      const { client, to, respond, writtenBefore } = await setUp();
      respond({ seq: 0, value: 'a' }, { seq: 1, kind: 'complete' });
      expect(await outcomeOf(to.send(1))).toEqual(['a']);
      respond({ seq: 0, kind: 'last', value: 'b' });
      expect(await outcomeOf(to.send(2).pipe(take(1)))).toEqual(['b']);
      respond({ seq: 0, kind: 'error', error: new AsyncCallError('conflict', 'no') });
      expect(await outcomeOf(to.send(3))).toMatchObject({ code: 'conflict' });
      expect(await writtenBefore()).toEqual(['request', 'request', 'request', 'one-way']);
      expect(client.counts).toMatchObject({ cancelsWritten: 0, cancelsLost: 0 });
    });

    it('and none if its timeout is over: the service knows that deadline', async () => {
      const deadlines: (Date | undefined)[] = [];
      @Controller()
      class Scribe {
        @AsyncEndpoint('/letters')
        letters(@Ctx() { deadline }: AsyncCallContext) {
          deadlines.push(deadline);
          return NEVER;
        }

        @AsyncEndpoint('/marker')
        marker() {
          return EMPTY;
        }
      }
      const scribe = moduleOf({
        imports: [AsyncCallsModule.forRoot({ service: 'scribe', broker: memory() })],
        controllers: [Scribe],
      });
      const { client, to, writtenBefore } = await setUp({ timeoutMs: ENOUGH_MS }, {}, [scribe]);
      await client.connect();
      const outcome = outcomeOf(to.send(1));
      await waitFor(() => deadlines.length === 1, { what: 'the request at the service' });
      await tester.advance(ENOUGH_MS);
      expect(await outcome).toMatchObject({ code: 'timeout' });
      expect(deadlines).toEqual([expect.any(Date)]);
      expect(await writtenBefore()).toEqual(['request', 'one-way']);
      expect(client.counts).toMatchObject({ cancelsWritten: 0, cancelsLost: 0 });
    });

    it('and nothing at all if it has not left', async () => {
      const { client, to, respond, writtenBefore } = await setUp();
      respond({ seq: 0, kind: 'last', value: 'kept' });
      // The client connects at its first call, which takes longer than this turn.
      to.send(1).subscribe().unsubscribe();
      expect(await outcomeOf(to.send(2))).toEqual(['kept']);
      expect(await writtenBefore()).toEqual(['request', 'one-way']);
      expect(client.counts).toMatchObject({ cancelsWritten: 0, cancelsLost: 0 });
    });
  },
  { describe },
);
