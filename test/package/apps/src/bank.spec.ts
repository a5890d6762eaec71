import { memory } from 'nestjs-async-calls/memory';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { BankModule } from './services.js';

// With the globals of the test runner, and the matchers by its setup file.
describe('the bank', () => {
  let tester: AsyncCallsTesting;

  beforeEach(async () => {
    tester = await AsyncCallsTesting.start(BankModule.on(memory()));
  });
  afterEach(() => tester.close());

  it('hands out the money in bundles', async () => {
    const responses = await tester.call('/bundles', { amount: 4 });
    expect(responses).toHaveResponded(...[1, 2, 3, 4].map((bundle) => ({ bundle, amount: 1 })));
    expect(responses).not.toHaveResponded({ bundle: 1, amount: expect.any(Number) });
    expect(tester).toHaveSent({ from: 'bank', value: expect.objectContaining({ bundle: 4 }) }, { times: 1 });
    expect(tester).not.toHaveSent({ kind: 'cancel' });
  });

  it('refuses', async () => {
    expect(await tester.call('/vault')).toHaveFailed({ code: 'forbidden', statusCode: 403 });
    await expect(tester.call('/accounts', { name: 'ada' })).resolves.toHaveFailed('not-found');
  });

  it('is told one-way', async () => {
    expect(await tester.emit('/bundles', { amount: 4 })).toHaveBeenServed();
    expect(await tester.emit('/vault')).not.toHaveBeenServed();
  });

  it('says what was sent instead', async () => {
    await tester.emit('/bundles', { amount: 4 });
    const assertion = () => expect(tester).toHaveSent({ to: 'bank', value: { amount: 5 } });
    expect(assertion).toThrow('value.amount: expected');
    expect(assertion).toThrow('test -> bank  /bundles one-way  {"amount":4}');
  });
});
