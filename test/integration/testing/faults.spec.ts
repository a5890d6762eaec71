import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { AsyncCallsTesting, ExplorationError } from '../../../lib/testing/index.js';
import { BankModule, Ledger } from '../../support/tested-bank.js';

describe('faults', () => {
  let ledger: Ledger;
  let tester: AsyncCallsTesting;

  beforeEach(async () => {
    ledger = new Ledger();
    tester = await AsyncCallsTesting.start(BankModule.with(ledger));
  });
  afterEach(() => tester.close());

  it('a message that is stored twice is run once', async () => {
    tester.faults.duplicate({ endpoint: '/book' });
    await tester.emit('/book', 1);
    await tester.settled();
    expect(tester.sent({ endpoint: '/book' })).toHaveLength(2);
    expect(ledger.entries).toEqual([1]);
  });

  it('a message that is late comes when its time has come', async () => {
    tester.faults.delay(1_000, { kind: 'response' });
    const called = tester.call('/money', 100);
    await tester.advance(999);
    expect(tester.sent({ kind: 'response' })).toEqual([]);
    await tester.advance(60_000);
    expect(await called).toHaveLength(4);
  });

  it('a message that is refused fails whoever sends it, and is stored nowhere', async () => {
    tester.faults.refuse('payload-too-large', { endpoint: '/book' });
    await expect(tester.emit('/book', 1)).rejects.toMatchObject({ code: 'payload-too-large' });
    expect(tester.sent({ endpoint: '/book' })).toEqual([]);
    expect(await tester.call('/money', 100)).toHaveLength(4);
    tester.faults.clear();
    await tester.emit('/book', 2);
    await tester.settled();
    expect(ledger.entries).toEqual([2]);
  });

  it('a response that is refused for a while comes with a later delivery of its request', async () => {
    tester.faults.refuse('unavailable', { kind: 'response' }, 2);
    const called = tester.call('/money', 100, { timeoutMs: 60_000 });
    await tester.advance(0);
    expect(tester.sent({ kind: 'response' })).toEqual([]);
    await tester.advance(30_000);
    expect(await called).toMatchObject([50, 20, 20, 10].map((value) => ({ value })));
  });

  it('what shares a batch with a message that is refused is refused only behind it, in its partition', async () => {
    tester.faults.refuse('authorization-failed', { endpoint: '/book', value: 2 });
    const booked = [1, 2, 3].map((entry) => tester.emit('/book', entry, { key: 'one' }));
    const called = tester.call('/money', 100);
    const outcomes = await Promise.allSettled(booked);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(await called).toHaveLength(4);
    expect(ledger.entries).toEqual([1]);
  });

  it('what was handled and not committed is delivered again when the session is lost', async () => {
    await tester.emit('/book', 1);
    await tester.faults.loseSession('bank');
    await tester.settled();
    // The same process remembers what it has run.
    expect(ledger.entries).toEqual([1]);
  });

  it('what was handled and not committed is delivered again after a crash, to a process that knows nothing of it', async () => {
    await tester.emit('/book', 1);
    await tester.faults.crash('bank');
    await tester.settled();
    expect(ledger.entries).toEqual([1, 1]);
  });

  it('what was committed is not delivered again after a crash', async () => {
    await tester.emit('/book', 1);
    await tester.advance(1_000);
    await tester.faults.crash('bank');
    await tester.settled();
    expect(ledger.entries).toEqual([1]);
    expect(await tester.emit('/book', 2)).toMatchObject({ as: 'served' });
  });

  it('a process that dies while it gives partitions back leaves them to the next one', async () => {
    tester.fake('oracle/answer').staysSilent();
    const keys = Array.from({ length: 20 }, (_, key) => `${key}`);
    const asked = Promise.all(keys.map((key) => tester.call('/ask', 'why', { key })));
    await tester.advance(0);
    // What runs is waited for before a partition is given away; the dead wait no more.
    const rebalanced = tester.faults.rebalance('bank');
    await tester.advance(0);
    tester.fake('oracle/answer').responds(42);
    await tester.faults.crash('bank');
    await rebalanced;
    expect(await asked).toMatchObject(keys.map(() => [{ value: 42 }]));
  });

  it('what a process was about to send when it died is waited for by nobody', async () => {
    tester.faults.delay(1_000, { from: 'bank' });
    const called = tester.call('/money', 100);
    await tester.advance(0);
    await tester.faults.crash('bank');
    tester.faults.clear();
    await tester.advance(5_000);
    expect(await called).toHaveLength(4);
    await tester.settled();
  });

  it('a rebalance loses nothing', async () => {
    const booked = Array.from({ length: 20 }, (_, entry) => tester.emit('/book', entry, { key: `${entry}` }));
    await tester.faults.rebalance('bank');
    await Promise.all(booked);
    expect(new Set(ledger.entries)).toEqual(new Set(Array.from({ length: 20 }, (_, entry) => entry)));
  });

  it('a broker that is stopped holds everything up, and what waits goes on when it is back', async () => {
    await tester.faults.stopBroker();
    const called = tester.call('/money', 100);
    await tester.advance(5_000);
    expect(tester.sent()).toEqual([]);
    await tester.faults.startBroker();
    expect(await called).toHaveLength(4);
  });

  it('a broker that does not come back fails what is sent', async () => {
    await tester.emit('/book', 0);
    await tester.faults.stopBroker();
    const emitted = tester.emit('/book', 1, { timeoutMs: 60_000 }).catch((error: unknown) => error);
    await tester.advance(31_000);
    expect(await emitted).toMatchObject({ code: 'unavailable' });
  });
});

describe('explore', () => {
  const start = (ledger = new Ledger()) => AsyncCallsTesting.start(BankModule.with(ledger));

  it('runs a test under many schedules, which it withstands', async () => {
    const ledger = new Ledger();
    const tester = await start(ledger);
    let runs = 0;
    await tester.explore({ seeds: 20 }, async (each) => {
      runs += 1;
      ledger.entries.length = 0;
      const booked = [1, 2, 3].map((entry) => each.emit('/book', entry, { key: 'one' }));
      const called = each.call('/money', 100, { timeoutMs: 60_000 });
      await Promise.all(booked);
      expect(ledger.entries).toEqual([1, 2, 3]);
      expect(await called).toHaveLength(4);
    });
    expect(runs).toBe(20);
    await tester.close();
  });

  it('names the seed of a run that fails, and repeats it exactly', async () => {
    const ledger = new Ledger();
    const tester = await start(ledger);
    // Holds only if nothing overtakes anything: requests without a key go by different partitions.
    const inOrder = async (each: AsyncCallsTesting) => {
      ledger.entries.length = 0;
      await Promise.all([1, 2, 3, 4].map((entry) => each.emit('/book', entry)));
      expect(ledger.entries).toEqual([1, 2, 3, 4]);
    };
    const first = await tester.explore({ seeds: 50 }, inOrder).catch((error: unknown) => error);
    expect(first).toBeInstanceOf(ExplorationError);
    const { seed, transcript, message } = first as ExplorationError;
    expect(message).toContain(`Run it again with explore({ seed: ${seed} }`);
    for (let again = 0; again < 2; again++) {
      const repeated = await tester.explore({ seed }, inOrder).catch((error: unknown) => error);
      expect((repeated as ExplorationError).transcript).toBe(transcript);
    }
    await tester.close();
  });

  it('says what is wrong with its options', async () => {
    const tester = await start();
    const run = async () => undefined;
    await expect(tester.explore({ seeds: 0 }, run)).rejects.toThrow(
      'explore: seeds is 0. Write a whole number.',
    );
    await expect(tester.explore({ faults: { crashes: 0.5 } }, run)).rejects.toThrow(
      'explore: crashes is 0.5',
    );
    await expect(tester.explore({ faults: { duplicates: 2 } }, run)).rejects.toThrow('a probability, 0 to 1');
    await tester.close();
  });

  it('needs an application that can be started more than once', async () => {
    const builder = Test.createTestingModule({ imports: [BankModule.with(new Ledger())] });
    const tester = await AsyncCallsTesting.start(builder);
    await expect(tester.explore({ seeds: 1 }, async () => undefined)).rejects.toThrow(
      'a function that makes the',
    );
    await expect(tester.faults.crash('bank')).rejects.toThrow('a function that makes the');
    await tester.close();
  });
});
