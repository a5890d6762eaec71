import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AsyncCallError } from 'nestjs-async-calls';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { CustomerModule, Wallet } from '../src/customer.module.js';

describe('a wallet', () => {
  let tester: AsyncCallsTesting;
  beforeEach(async () => {
    tester = await AsyncCallsTesting.start(CustomerModule);
  });
  afterEach(() => tester.close());

  it('asks the money broker, which is fake', async () => {
    tester
      .fake('a-money-broker/show-me-the-money')
      .responds({ bundle: 1, amount: 60 }, { bundle: 2, amount: 40 });
    expect(await tester.app.get(Wallet).fill(100)).toBe(100);
    expect(tester.sent({ kind: 'request' })).toMatchObject([
      { from: 'a-customer', to: 'a-money-broker', value: 100 },
    ]);
  });

  it('gets answers that depend on the request', async () => {
    tester.fake('a-money-broker/show-me-the-money').answers<number>(function* ({ data, count }) {
      yield { bundle: 1, amount: count === 1 ? data : 0 };
    });
    expect(await tester.call('/fill', 100)).toMatchObject([{ value: 100 }]);
    expect(await tester.call('/fill', 100)).toMatchObject([{ value: 0 }]);
  });

  it('keeps what came before a failure', async () => {
    tester
      .fake('a-money-broker/show-me-the-money')
      .responds({ bundle: 1, amount: 60 })
      .fails(new AsyncCallError('forbidden', 'no more for you'));
    expect(await tester.call('/fill', 100)).toMatchObject([
      { error: { code: 'forbidden', statusCode: 403 } },
    ]);
    expect(tester.app.get(Wallet).content).toBe(60);
  });
});
