import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AsyncCallsTesting } from '../../../lib/testing/index.js';
import { BankModule, Ledger } from '../../support/tested-bank.js';

describe('a server under test', () => {
  let ledger: Ledger;
  let tester: AsyncCallsTesting;

  beforeEach(async () => {
    ledger = new Ledger();
    tester = await AsyncCallsTesting.start(BankModule.with(ledger));
  });
  afterEach(() => tester.close());

  it('answers with all its responses', async () => {
    const responses = await tester.call('/money', 100);
    expect(responses).toMatchObject(
      [50, 20, 20, 10].map((value, seq) => ({ kind: 'response', value, seq, service: 'bank' })),
    );
  });

  it('answers within microtasks: no turn of the event loop is needed', async () => {
    let turns = 0;
    const count = () => {
      turns += 1;
      turning = setImmediate(count);
    };
    let turning = setImmediate(count);
    await tester.call('/money', 100);
    clearImmediate(turning);
    expect(turns).toBe(0);
  });

  it('has its failures as values', async () => {
    expect(await tester.call('bank/refuse')).toMatchObject([
      { kind: 'failure', seq: 0, error: { code: 'conflict', statusCode: 409, message: 'no' } },
    ]);
    expect(await tester.call('/no-such')).toMatchObject([{ error: { code: 'unknown-endpoint' } }]);
  });

  it('tells what has become of one-way calls and events', async () => {
    expect(await tester.emit('/book', 1)).toEqual({ group: 'bank', as: 'served' });
    expect(await tester.publish('booked', 2, { key: 'a' })).toEqual([{ group: 'bank', as: 'served' }]);
    expect(await tester.emit('/refuse')).toMatchObject({ as: 'failed', error: { code: 'conflict' } });
    expect(ledger.entries).toEqual([1, 2]);
    expect(tester.sent({ kind: 'dead-letter' })).toMatchObject([{ from: 'bank', endpoint: '/refuse' }]);
  });

  it('handles responses that come to its handlers', async () => {
    tester.fake('oracle/answer').responds(42);
    await tester.emit('/ask-later', 'why');
    await tester.settled();
    expect(ledger.entries).toEqual([
      ['next', 42, { question: 'why' }],
      ['complete', undefined, { question: 'why' }],
    ]);
  });

  it('handles responses of calls that it is said to have made', async () => {
    const handled = await tester.respond('oracle/answer', [1, 2], {
      state: 'mine',
      error: new Error('broken'),
    });
    const served = { group: 'bank', as: 'served' };
    expect(handled).toEqual([served, served, served]);
    expect(ledger.entries).toEqual([
      ['next', 1, 'mine'],
      ['next', 2, 'mine'],
      ['error', undefined, 'mine'],
    ]);
    expect(tester.transcript()).toBe(
      [
        'oracle -> bank  /answer response 0  1',
        'oracle -> bank  /answer response 1  2',
        'oracle -> bank  /answer error 2     internal: Internal server error',
      ].join('\n'),
    );
    await expect(tester.respond('oracle/answer', [], { to: 'shop' })).rejects.toThrow(
      'no handler of responses',
    );
  });

  it('says which services there are when it is asked for another', async () => {
    expect(() => tester.appOf('shop')).toThrow(
      '"shop" is not under test; the services of this test are bank.',
    );
    expect(() => tester.fake('bank/money')).toThrow('"bank" cannot be faked');
    await expect(tester.advance(-1)).rejects.toThrow('advance(-1)');
  });
});

it('an application without a service cannot be tested', async () => {
  class Nothing {}
  await expect(AsyncCallsTesting.start({ module: Nothing })).rejects.toThrow('is no service');
});

it('what prevents one application from starting ends the others, too', async () => {
  class Nothing {}
  const closed: string[] = [];
  class Pool {
    onModuleDestroy() {
      closed.push('pool');
    }
  }
  const bank = BankModule.with(new Ledger());
  const withPool = { ...bank, providers: [...(bank.providers ?? []), Pool] };
  await expect(AsyncCallsTesting.start([withPool, { module: Nothing }])).rejects.toThrow('is no service');
  expect(closed).toEqual(['pool']);
});
