import { expect, it } from '@jest/globals';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { CustomerModule, Wallet } from '../src/customer.module.js';

it('gives up after five seconds, of which the test takes none', async () => {
  const tester = await AsyncCallsTesting.start(CustomerModule);
  const money = tester.fake('a-money-broker/show-me-the-money');
  money.responds({ bundle: 1, amount: 60 }).after(6_000).responds({ bundle: 2, amount: 40 });
  const wallet = tester.app.get(Wallet);
  await Promise.all([
    expect(wallet.fill(100)).rejects.toMatchObject({ code: 'timeout' }),
    tester.advance(5_000),
  ]);
  expect(wallet.content).toBe(60);
  // What comes too late changes nothing.
  await tester.advance(1_000);
  expect(wallet.content).toBe(60);
  await tester.close();
});
