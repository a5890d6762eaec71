import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { CustomerModule } from '../src/customer.module.js';
import { MoneyBrokerModule } from '../src/money-broker.module.js';

describe('a wallet is filled', () => {
  let tester: AsyncCallsTesting;
  beforeEach(async () => {
    tester = await AsyncCallsTesting.start([CustomerModule, MoneyBrokerModule]);
  });
  afterEach(() => tester.close());

  it('once, though every message comes twice', async () => {
    tester.faults.duplicate();
    await tester.call('a-customer/fill', 100);
    expect(await tester.call('a-customer/content')).toMatchObject([{ value: 100 }]);
  });

  it('when the broker is back', async () => {
    await tester.faults.stopBroker();
    const filled = tester.call('a-customer/fill', 100);
    await tester.advance(2_000);
    expect(tester.sent()).toEqual([]);
    await tester.faults.startBroker();
    expect(await filled).toMatchObject([{ value: 100 }]);
  });

  it('though the money broker dies before it hears of the request', async () => {
    tester.faults.delay(1_000, { from: 'a-customer', kind: 'request' });
    const filled = tester.call('a-customer/fill', 100);
    await tester.advance(500);
    await tester.faults.crash('a-money-broker');
    await tester.advance(500);
    expect(await filled).toMatchObject([{ value: 100 }]);
  });
});
