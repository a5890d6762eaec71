import { expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { MoneyBrokerModule, Safe } from '../src/money-broker.module.js';

it('gives nothing away that is not there, and tries again before it says so', async () => {
  const application = Test.createTestingModule({ imports: [MoneyBrokerModule] })
    .overrideProvider(Safe)
    .useValue({ content: 100 });
  const tester = await AsyncCallsTesting.start(application);
  const called = tester.call('/show-me-the-money', 101);
  await tester.advance(5_000);
  expect(await called).toMatchObject([
    { kind: 'failure', error: { code: 'unavailable', message: 'so much is not in the safe' } },
  ]);
  await tester.close();
});
