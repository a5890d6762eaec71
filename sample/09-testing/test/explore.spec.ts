import { expect, it } from '@jest/globals';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { CustomerModule } from '../src/customer.module.js';
import { MoneyBrokerModule } from '../src/money-broker.module.js';

it('a wallet is filled, whatever is late, comes twice, or stops', async () => {
  const tester = await AsyncCallsTesting.start([CustomerModule, MoneyBrokerModule]);
  await tester.explore({ seeds: 25 }, async (each) => {
    expect(await each.call('a-customer/fill', 100)).toMatchObject([{ value: 100 }]);
    expect(await each.call('a-customer/content')).toMatchObject([{ value: 100 }]);
  });
  await tester.close();
});
