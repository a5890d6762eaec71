import { expect, it } from '@jest/globals';
import { AsyncCallsTesting, ExplorationError } from 'nestjs-async-calls/testing';
import { CustomerModule } from '../src/customer.module.js';
import { MoneyBrokerModule } from '../src/money-broker.module.js';

async function fillOnce(tester: AsyncCallsTesting): Promise<void> {
  expect(await tester.call('a-customer/fill', 100)).toMatchObject([{ value: 100 }]);
  expect(await tester.call('a-customer/content')).toMatchObject([{ value: 100 }]);
}

it('a wallet is filled, whatever is late, comes twice, or stops', async () => {
  const tester = await AsyncCallsTesting.start([CustomerModule, MoneyBrokerModule]);
  await tester.explore({ seeds: 25, faults: { lostSessions: 0 } }, fillOnce);
  await tester.close();
});

// Who loses its session in the middle of a request gets it again: delivery is at least once, and this wallet
// does not look whether it has had the request before.
it('a wallet is filled twice if its session is lost: exploring finds that', async () => {
  const tester = await AsyncCallsTesting.start([CustomerModule, MoneyBrokerModule]);
  const failure: unknown = await tester.explore({ seeds: 50 }, fillOnce).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ExplorationError);
  expect((failure as ExplorationError).transcript).toContain('/show-me-the-money request');
  await tester.close();
});
