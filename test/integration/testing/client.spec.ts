import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { NotFoundException } from '@nestjs/common';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { AsyncCallsTesting, LeftoverError } from '../../../lib/testing/index.js';
import { of } from 'rxjs';
import { BankModule, Ledger } from '../../support/tested-bank.js';

describe('a client under test', () => {
  let tester: AsyncCallsTesting;

  beforeEach(async () => {
    tester = await AsyncCallsTesting.start(BankModule.with(new Ledger()));
  });
  afterEach(() => tester.close());

  it('has sent what can be looked at', async () => {
    tester.fake('oracle/answer').responds(42);
    expect(await tester.call('/ask', 'why', { key: 'k', headers: { tenant: 'blue' } })).toMatchObject([
      { value: 42 },
    ]);
    const [asked, ...others] = tester.sent({ from: 'bank', to: 'oracle' });
    expect(others).toEqual([]);
    expect(asked).toMatchObject({
      kind: 'request',
      endpoint: '/answer',
      value: 'why',
      topic: 'oracle.requests',
    });
    const [own] = tester.sent({ to: 'bank', endpoint: 'ask' });
    expect(own).toMatchObject({ from: 'test', key: 'k' });
    expect(own.headers.get('tenant')).toBe('blue');
    expect(tester.sent({ value: 'why', endpoint: '/nowhere' })).toEqual([]);
  });

  it('is told the conversation, a line each', async () => {
    tester.fake('oracle/answer').responds({ answer: 42 });
    await tester.call('/ask', 'why');
    expect(tester.transcript()).toBe(
      [
        'test -> bank    /ask request        "why"',
        'bank -> oracle  /answer request     "why"',
        'oracle -> bank  /answer response 0  {"answer":42}',
        'oracle -> bank  /answer end 1',
        'bank -> test    /ask response 0     {"answer":42}',
        'bank -> test    /ask end 1',
      ].join('\n'),
    );
  });

  it('gets what fakes are told to answer', async () => {
    const oracle = tester.fake('oracle/answer');
    oracle.answers<string>(({ data, count, from }) => of(`${data} ${count}`, from));
    expect(await tester.call('/ask', 'why')).toMatchObject([{ value: 'bank' }]);
    expect(tester.sent({ from: 'oracle', kind: 'response' })).toMatchObject([
      { value: 'why 1' },
      { value: 'bank' },
    ]);
    tester.fake('oracle/answer').answers(async function* () {
      yield 1;
      throw new NotFoundException('no more');
    });
    expect(await tester.call('/ask')).toMatchObject([{ error: { code: 'not-found', message: 'no more' } }]);
    tester.fake('oracle/answer').responds(1).fails(new AsyncCallError('forbidden', 'not you'));
    expect(await tester.call('/ask')).toMatchObject([{ error: { code: 'forbidden', message: 'not you' } }]);
  });

  it('gets responses out of their order, and lacking, as a broken service sends them', async () => {
    tester
      .fake('oracle/answer')
      .sends({ seq: 0, value: 1 }, { seq: 2, value: 3 }, { seq: 3, kind: 'complete' });
    const asked = tester.call('/ask');
    await tester.advance(60_000);
    expect(await asked).toMatchObject([{ kind: 'failure' }]);
  });

  it('hears of an endpoint that nobody has faked', async () => {
    tester.fake('oracle/other').responds(1);
    expect(await tester.call('/ask')).toMatchObject([
      {
        error: { code: 'unknown-endpoint', message: expect.stringContaining("tester.fake('oracle/answer')") },
      },
    ]);
  });

  it('times out in virtual time', async () => {
    tester.fake('oracle/answer').staysSilent();
    const asked = tester.call('/ask', 'why', { timeoutMs: 5_000 });
    await tester.advance(4_999);
    expect(tester.sent({ kind: 'error' })).toEqual([]);
    await tester.advance(1);
    expect(await asked).toMatchObject([{ error: { code: 'timeout' } }]);
  });

  it('waits for late answers and for attempts in virtual time', async () => {
    tester.fake('oracle/answer').after(500).responds('late');
    const asked = tester.call('/ask');
    const flaky = tester.call('/flaky');
    await tester.advance(499);
    expect(tester.sent({ from: 'oracle' })).toEqual([]);
    await tester.advance(1_000);
    expect(await asked).toMatchObject([{ value: 'late' }]);
    expect(await flaky).toMatchObject([{ value: 'at last' }]);
  });
});

describe('what a test leaves open', () => {
  it('fails its end, with what it is and where it was made', async () => {
    const tester = await AsyncCallsTesting.start(BankModule.with(new Ledger()));
    tester.fake('oracle/answer').staysSilent();
    void tester.call('/ask', 'why');
    await tester.advance(0);
    const error = await tester.close().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LeftoverError);
    const [ofTest, ofBank, message] = (error as LeftoverError).leftovers;
    expect(ofTest).toMatch(
      /^the call of test to bank\/ask has got 0 responses, and no end; .*client\.spec\.ts/,
    );
    expect(ofBank).toMatch(/^the call of bank to oracle\/answer .*tested-bank\.ts/);
    expect(message).toMatch(/^the request to bank\/ask is not dealt with by bank yet/);
  });

  it('is nothing if all has ended', async () => {
    const tester = await AsyncCallsTesting.start(BankModule.with(new Ledger()));
    await tester.call('/money', 100);
    await tester.close();
  });
});

describe('fake timers of the process', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('are carried along by virtual time', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    const tester = await AsyncCallsTesting.start(BankModule.with(new Ledger()), { timers: jest });
    const slow = tester.call('/slow');
    await tester.advance(5_000);
    expect(await slow).toMatchObject([{ value: 'slow' }]);
    await tester.close();
  });

  it('have the same clock: what they lead to happens in between', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    const tester = await AsyncCallsTesting.start(BankModule.with(new Ledger()), { timers: jest });
    tester.fake('oracle/answer').staysSilent();
    const slow = tester.call('/slow');
    const silent = tester.call('/ask', 'why', { timeoutMs: 7_000 });
    const [silentToo] = await Promise.all([
      new Promise((resolve) =>
        setTimeout(() => resolve(tester.call('/ask', 'when', { timeoutMs: 1_500 })), 5_250),
      ),
      tester.advance(60_000),
    ]);
    expect(await slow).toMatchObject([{ value: 'slow' }]);
    expect(await silent).toMatchObject([{ error: { code: 'timeout' } }]);
    expect(silentToo).toMatchObject([{ error: { code: 'timeout' } }]);
    const sent = tester.sent().filter(({ from, kind }) => from !== 'test' && kind !== 'end');
    expect(sent.map(({ to, kind, atMs }) => [to, kind, atMs])).toEqual([
      ['oracle', 'request', 0],
      ['test', 'response', 5_000],
      ['oracle', 'request', 5_250],
    ]);
    await tester.close();
  });

  it('must leave microtasks as they are, and who does not is told how', async () => {
    jest.useFakeTimers();
    await expect(AsyncCallsTesting.start(BankModule.with(new Ledger()))).rejects.toThrow(
      "jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] })",
    );
  });
});
