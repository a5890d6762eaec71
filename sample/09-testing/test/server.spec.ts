import { expect, it } from '@jest/globals';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { MoneyBrokerModule } from '../src/money-broker.module.js';

it('answers with four bundles', async () => {
  const tester = await AsyncCallsTesting.start(MoneyBrokerModule);
  const responses = await tester.call('/show-me-the-money', 1_000_000);
  expect(responses).toMatchObject([1, 2, 3, 4].map((bundle) => ({ value: { bundle, amount: 250_000 } })));
  await tester.close();
});
