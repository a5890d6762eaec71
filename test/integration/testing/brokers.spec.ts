import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { describeOnBrokers } from '../../../lib/testing/index.js';
import type { AsyncCallsTesting } from '../../../lib/testing/index.js';
import { BankModule, Ledger } from '../../support/tested-bank.js';

jest.setTimeout(60_000);

describeOnBrokers(
  'a bank',
  (broker) => {
    let tester: AsyncCallsTesting;
    afterEach(() => tester.close());

    it('answers, asks, and books, on this broker as on the other', async () => {
      const ledger = new Ledger();
      tester = await broker.start(BankModule.with(ledger));
      tester.fake('oracle/answer').responds(42);
      expect(await tester.call('/money', 100)).toMatchObject([50, 20, 20, 10].map((value) => ({ value })));
      expect(await tester.call('/ask', 'why')).toMatchObject([{ value: 42 }]);
      expect(await tester.emit('/book', 1)).toEqual({ group: 'bank', as: 'served' });
      expect(await tester.publish('booked', 2)).toEqual([{ group: 'bank', as: 'served' }]);
      await tester.emit('/ask-later', 'when');
      await tester.settled();
      expect(ledger.entries).toEqual([
        1,
        2,
        ['next', 42, { question: 'when' }],
        ['complete', undefined, { question: 'when' }],
      ]);
      await tester.faults.rebalance('bank');
      expect(await tester.call('/refuse')).toMatchObject([{ error: { code: 'conflict' } }]);
      expect(tester.transcript({ from: 'bank', to: 'oracle' })).toBe(
        'bank -> oracle  /answer request  "why"\nbank -> oracle  /answer request  "when"',
      );
    });
  },
  { describe },
);
