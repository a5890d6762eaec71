import { expect, it } from '@jest/globals';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { CustomerModule, Wallet } from '../src/customer.module.js';

it('gives up after five seconds, of which the test takes none', async () => {
  const tester = await AsyncCallsTesting.start(CustomerModule);
  const money = tester.fake('a-money-broker/show-me-the-money');
  money.responds({ bundle: 1, amount: 60 }).after(6_000).responds({ bundle: 2, amount: 40 });
  const filled = expect(tester.app.get(Wallet).fill(100)).rejects.toMatchObject({ code: 'timeout' });
  await tester.advance(5_000);
  await filled;
  expect(tester.app.get(Wallet).content).toBe(60);
  // What comes too late changes nothing.
  await tester.advance(1_000);
  expect(tester.app.get(Wallet).content).toBe(60);
  await tester.close();
});
