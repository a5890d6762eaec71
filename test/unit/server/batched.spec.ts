import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { MessageHandler } from '@nestjs/microservices';
import { ABANDONED, type AttemptDelivery, type Failed, SETTLED } from '../../../lib/delivery/delivery.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import type { AsyncEventBatchContext } from '../../../lib/server/async-event-batch-context.js';
import { batched } from '../../../lib/server/batched.js';
import { eventKind } from '../../../lib/server/event-kind.js';
import type { BatchOptions } from '../../../lib/server/event-options.js';
import { noResponses } from '../../../lib/server/response-sink.js';
import type { ServedOptions } from '../../../lib/server/served.js';
import { deferred } from '../support/deferred.js';
import { turn } from '../support/scripted-producer.js';
import { attemptAt, extrasOf, ownedPartition } from './event-delivery.js';

type Take = (events: unknown[], context: AsyncEventBatchContext) => unknown;

interface Setting {
  readonly batch?: BatchOptions;
  readonly take?: Take;
  readonly maxHandlerMs?: number;
  readonly aroundCall?: ServedOptions['aroundCall'];
}

/** The stage in front of a handler of batches, and what that was called with. */
function setUp({ batch = { size: 3 }, take = () => undefined, maxHandlerMs, aroundCall }: Setting = {}) {
  const batches: unknown[][] = [];
  const contexts: AsyncEventBatchContext[] = [];
  const handler = (async (events: unknown[], context: AsyncEventBatchContext) => {
    batches.push(events);
    contexts.push(context);
    return take(events, context);
  }) as unknown as MessageHandler;
  const handlers = new Map([[undefined, { handler, extras: extrasOf('pizza', 'Oven.take', { batch }) }]]);
  const subscription = { group: undefined, topic: 'pizza', startFrom: 'latest', handlers } as const;
  const options: ServedOptions = {
    environment: systemEnvironment,
    kind: eventKind(subscription, 'oven', () => undefined),
    writing: { serializer: jsonSerializer } as ServedOptions['writing'],
    nowhere: noResponses(systemEnvironment),
    maxHandlerMsOf: () => maxHandlerMs,
    aroundCall: aroundCall ?? ((_, run) => run()),
    logger: { error: () => undefined, warn: () => undefined },
  };
  const handle = batched(options, () => Promise.reject(new Error('this is no single event')));
  const outcomes: unknown[] = [];
  /** Hands attempts over; each outcome stands in the place of its attempt once it is known. */
  const hand = (...attempts: AttemptDelivery[]) =>
    attempts.forEach((attempt) => {
      const place = outcomes.push('under way') - 1;
      handle(attempt).then(
        (outcome) => (outcomes[place] = outcome),
        (error: unknown) => (outcomes[place] = error),
      );
    });
  return { batches, contexts, outcomes, hand };
}

const failedWith = (outcome: unknown) => (outcome as Failed).error;

describe('batched', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
  afterEach(() => void jest.useRealTimers());

  it('waits until there are enough events, and calls the handler once for them', async () => {
    const { batches, contexts, outcomes, hand } = setUp();
    hand(attemptAt('1'), attemptAt('2'));
    await turn();
    expect(batches).toEqual([]);
    hand(attemptAt('3'), attemptAt('4'));
    await turn();
    expect(batches).toEqual([[1, 2, 3]]);
    expect(contexts[0].events.map(({ eventId }) => eventId)).toEqual(['1', '2', '3']);
    expect(outcomes).toEqual([SETTLED.served, SETTLED.served, SETTLED.served, 'under way']);
  });

  it.each([
    [undefined, 100],
    [20, 20],
    [0, 0],
  ])('with waitMs %s, the first event waits %s ms for the others', async (waitMs, expected) => {
    const { batches, hand } = setUp({ batch: { size: 3, waitMs } });
    hand(attemptAt('1'));
    if (expected > 0) {
      jest.advanceTimersByTime(expected - 1);
      hand(attemptAt('2'));
      await turn();
      expect(batches).toEqual([]);
    }
    jest.advanceTimersByTime(1);
    await turn();
    expect(batches).toEqual(expected > 0 ? [[1, 2]] : [[1]]);
    hand(attemptAt('3'));
    jest.advanceTimersByTime(expected);
    await turn();
    expect(batches.slice(1)).toEqual([[3]]);
  });

  it('does not let a drain wait for what will not come', async () => {
    const owner = ownedPartition();
    const { batches, outcomes, hand } = setUp();
    hand(attemptAt('1', owner), attemptAt('2'));
    void owner.drain(1_000);
    await turn();
    expect(batches).toEqual([[1, 2]]);
    expect(outcomes).toEqual([SETTLED.served, SETTLED.served]);
  });

  it('fails the events of which the handler says so, and no others', async () => {
    const burnt = new AsyncCallError('conflict', 'burnt');
    const { outcomes, hand } = setUp({ take: (_, context) => context.fail(1, burnt) });
    hand(attemptAt('1'), attemptAt('2', ownedPartition(), 2), attemptAt('3'));
    await turn();
    expect(outcomes).toEqual([SETTLED.served, { kind: 'failed', error: burnt, attempts: 2 }, SETTLED.served]);
  });

  it('fails all events if the handler throws, each with its own failure if it has one', async () => {
    const [cold, burnt] = [
      new AsyncCallError('unavailable', 'cold'),
      new AsyncCallError('conflict', 'burnt'),
    ];
    const take: Take = (_, context) => {
      context.fail(0, burnt);
      throw cold;
    };
    const { outcomes, hand } = setUp({ take });
    hand(attemptAt('1'), attemptAt('2'), attemptAt('3'));
    await turn();
    expect(outcomes.map(failedWith)).toEqual([burnt, cold, cold]);
  });

  it('refuses to fail an event that is not there', async () => {
    const { outcomes, hand } = setUp({ take: (_, context) => context.fail(3, new Error('no')) });
    hand(attemptAt('1'), attemptAt('2'), attemptAt('3'));
    await turn();
    expect(outcomes.map((outcome) => failedWith(outcome).code)).toEqual(
      Array.from({ length: 3 }, () => 'invalid-argument'),
    );
  });

  it('hands over the others where the payload of one cannot be read', async () => {
    const { batches, contexts, outcomes, hand } = setUp();
    hand(attemptAt('1'), attemptAt('{'), attemptAt('3'));
    await turn();
    expect(batches).toEqual([[1, 3]]);
    expect(contexts[0].events).toHaveLength(2);
    expect(outcomes).toMatchObject([SETTLED.served, { error: { code: 'bad-request' } }, SETTLED.served]);
  });

  it('does not call the handler where no payload can be read', async () => {
    const { batches, outcomes, hand } = setUp({ batch: { size: 1 } });
    hand(attemptAt('{'));
    await turn();
    expect(batches).toEqual([]);
    expect(failedWith(outcomes[0]).code).toBe('bad-request');
  });

  it('abandons the event of a partition that is lost meanwhile, and ends the others well', async () => {
    const { promise, resolve } = deferred();
    const lost = ownedPartition(1);
    const { contexts, outcomes, hand } = setUp({ take: () => promise });
    hand(attemptAt('1'), attemptAt('2', lost), attemptAt('3'));
    await turn();
    lost.abort();
    expect(contexts[0].signal.aborted).toBe(false);
    resolve();
    await turn();
    expect(outcomes).toEqual([SETTLED.served, ABANDONED, SETTLED.served]);
  });

  it('abandons it also if it has failed, or has waited for its batch', async () => {
    const lost = ownedPartition(1);
    const { batches, outcomes, hand } = setUp({ take: (_, context) => context.fail(0, new Error('no')) });
    hand(attemptAt('1', lost), attemptAt('2'));
    lost.abort();
    await turn();
    expect(batches).toEqual([[2]]);
    expect(outcomes).toMatchObject([ABANDONED, { kind: 'failed' }]);
  });

  it('tells the handler, and does not wait for it, when all partitions are lost', async () => {
    const lost = ownedPartition();
    const { contexts, outcomes, hand } = setUp({ take: () => deferred().promise });
    hand(attemptAt('1', lost), attemptAt('2', lost), attemptAt('3', lost));
    await turn();
    lost.abort();
    await turn();
    expect(contexts[0].signal.aborted).toBe(true);
    expect(outcomes).toEqual([ABANDONED, ABANDONED, ABANDONED]);
  });

  it('ends a handler that takes longer than it may', async () => {
    const { contexts, outcomes, hand } = setUp({ take: () => deferred().promise, maxHandlerMs: 50 });
    hand(attemptAt('1'), attemptAt('2'), attemptAt('3'));
    await turn();
    jest.advanceTimersByTime(49);
    await turn();
    expect(outcomes[0]).toBe('under way');
    jest.advanceTimersByTime(1);
    await turn();
    expect(outcomes.map((outcome) => failedWith(outcome).code)).toEqual(['timeout', 'timeout', 'timeout']);
    expect(contexts[0].signal.aborted).toBe(true);
  });

  it('leaves no event without an end where something else goes wrong', async () => {
    const { outcomes, hand } = setUp({ batch: { size: 1 } });
    const attempt = attemptAt('1');
    const broken = new Proxy(attempt, {
      get: (target, name) => {
        if (name === 'cutoff') throw new Error('a fault of ours');
        return Reflect.get(target, name) as unknown;
      },
    });
    hand(broken);
    await turn();
    expect(outcomes).toEqual([new Error('a fault of ours')]);
  });
});
