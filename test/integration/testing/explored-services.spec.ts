import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Controller, type Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { from, lastValueFrom, type Observable, toArray } from 'rxjs';
import { memory } from '../../../lib/broker/memory/index.js';
import { AsyncCallsClient } from '../../../lib/client/async-calls-client.js';
import { AsyncCallsModule } from '../../../lib/module/async-calls.module.js';
import { AsyncEndpoint } from '../../../lib/server/async-endpoint.decorator.js';
import { AsyncEvent } from '../../../lib/server/async-event.decorator.js';
import { AsyncResponse } from '../../../lib/server/async-response.decorator.js';
import type { ReceivedResponse } from '../../../lib/server/received-response.js';
import { AsyncCallsTesting } from '../../../lib/testing/index.js';
import { moduleOf } from '../../support/services.js';

jest.setTimeout(120_000);

/** What both services have done; it outlives their processes, as a database does. */
const done = { booked: [] as number[], heard: [] as number[], answers: [] as unknown[] };
const PATIENT = { timeoutMs: 300_000 };

@Controller()
class ShopController {
  constructor(private readonly client: AsyncCallsClient) {}

  @AsyncEndpoint('/order')
  order(@Payload() order: number): Promise<number[]> {
    const parts = this.client.to('bank/parts', { key: `${order % 2}`, timeoutMs: 120_000 });
    return lastValueFrom(parts.send<number>(order).pipe(toArray()));
  }

  @AsyncEndpoint('/wait')
  wait(@Payload() entry: number): number {
    return entry;
  }

  @AsyncEndpoint('/later')
  async later(@Payload() order: number): Promise<void> {
    await lastValueFrom(this.client.to('bank/parts', { responses: 'handlers', key: 'one' }).emit(order));
  }

  @AsyncResponse('bank', '/parts')
  answered(@Payload() { value }: ReceivedResponse): void {
    if (value !== undefined) done.answers.push(value);
  }

  @AsyncEvent('booked')
  heard(@Payload() entry: number): void {
    done.heard.push(entry);
  }
}

@Controller()
class BankController {
  constructor(private readonly client: AsyncCallsClient) {}

  @AsyncEndpoint('/parts')
  parts(@Payload() order: number): Observable<number> {
    return from([order, order + 1, order + 2, order + 3]);
  }

  @AsyncEndpoint('/book')
  async book(@Payload() entry: number): Promise<void> {
    // It takes its time: what comes behind it with the same key must not overtake it here.
    await lastValueFrom(this.client.to('shop/wait', { key: `${entry}`, timeoutMs: 120_000 }).send(entry));
    done.booked.push(entry);
    await lastValueFrom(this.client.publish('booked', entry, { key: 'one' }));
  }
}

function service(name: string, controller: Type) {
  return moduleOf({
    imports: [AsyncCallsModule.forRoot({ service: name, broker: memory() })],
    controllers: [controller],
  });
}

/** Each once, in the order of their first times: what is delivered again may be done again. */
function firsts<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** Calls, calls of calls, one-way calls, events and responses to handlers, all at once. */
async function everythingAtOnce(tester: AsyncCallsTesting): Promise<void> {
  for (const list of Object.values(done)) list.length = 0;
  const orders = [1, 2, 3, 4].map((order) => tester.call<number[]>('shop/order', order, PATIENT));
  const entries = [10, 20, 30].map((entry) => tester.emit('bank/book', entry, { key: 'one', ...PATIENT }));
  const later = tester.emit('shop/later', 100, PATIENT);

  for (const [index, responses] of (await Promise.all(orders)).entries()) {
    const order = index + 1;
    expect(responses).toMatchObject([{ value: [order, order + 1, order + 2, order + 3] }]);
  }
  for (const { as } of [...(await Promise.all(entries)), await later])
    expect(as).toMatch(/^(served|duplicate)$/);
  await tester.settled();
  expect(firsts(done.booked)).toEqual([10, 20, 30]);
  expect(firsts(done.heard)).toEqual([10, 20, 30]);
  expect(firsts(done.answers)).toEqual([100, 101, 102, 103]);
}

describe('two services, whatever the schedule', () => {
  let tester: AsyncCallsTesting;
  beforeAll(async () => {
    tester = await AsyncCallsTesting.start([
      service('shop', ShopController),
      service('bank', BankController),
    ]);
  });
  afterAll(() => tester.close());

  it('lose nothing and keep the order of a key, when messages are late, doubled, and delivered again', async () => {
    await tester.explore(
      { seeds: 40, faults: { lostSessions: 3, outages: 2, duplicates: 0.1 } },
      everythingAtOnce,
    );
  });

  it('do so when their processes die, too', async () => {
    await tester.explore({ seeds: 20, faults: { crashes: 3 } }, everythingAtOnce);
  });
});
