import { afterEach, expect, it } from '@jest/globals';
import { type AsyncCallsTesting, describeOnBrokers } from 'nestjs-async-calls/testing';
import { CustomerModule } from '../src/customer.module.js';
import { MoneyBrokerModule } from '../src/money-broker.module.js';

describeOnBrokers('customer and money broker', (broker) => {
  let tester: AsyncCallsTesting;
  afterEach(() => tester.close());

  it('fill a wallet', async () => {
    tester = await broker.start([CustomerModule, MoneyBrokerModule]);
    expect(await tester.call('a-customer/fill', 100)).toMatchObject([{ value: 100 }]);
    expect(await tester.call('a-customer/content')).toMatchObject([{ value: 100 }]);
  });
});
