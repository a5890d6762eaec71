import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { memory } from 'nestjs-async-calls/memory';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { MoneyBrokerModule } from '../../01-money-broker/src/money-broker.module.js';

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }));
afterEach(() => void jest.useRealTimers());

it('has a bundle each second, by the clock of the test', async () => {
  // The application of sample 01, whose handler waits by rxjs's timer().
  const tester = await AsyncCallsTesting.start(MoneyBrokerModule.on(memory()), { timers: jest });
  const called = tester.call('/show-me-the-money', { amount: 1_000_000 });
  await tester.advance(3_000);
  expect(await called).toHaveLength(4);
  expect(tester.sent({ kind: 'response' }).map(({ atMs }) => atMs)).toEqual([0, 1_000, 2_000, 3_000]);
  await tester.close();
});
