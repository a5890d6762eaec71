import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { AsyncCallsTesting, type Handled } from '../../../lib/testing/index.js';
import '../../../lib/testing/jest.js';
import { BankModule, Ledger } from '../../support/tested-bank.js';

/** What an assertion that does not hold says. */
function messageOf(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    return stripVTControlCharacters((error as Error).message);
  }
  throw new Error('The assertion holds, but it should not.');
}

let tester: AsyncCallsTesting;

beforeEach(async () => {
  tester = await AsyncCallsTesting.start(BankModule.with(new Ledger()));
});
afterEach(() => tester.close());

describe('toHaveSent', () => {
  const transcript = [
    '  test -> bank    /ask request        {"to":"ann","amount":5}',
    '  bank -> oracle  /answer request     {"to":"ann","amount":5}',
    '  oracle -> bank  /answer response 0  42',
    '  oracle -> bank  /answer end 1',
    '  bank -> test    /ask response 0     42',
    '  bank -> test    /ask end 1',
  ];

  beforeEach(async () => {
    tester.fake('oracle/answer').responds(42);
    await tester.call('/ask', { to: 'ann', amount: 5 });
  });

  it('holds if a message is like that in all that is given', () => {
    expect(tester).toHaveSent();
    expect(tester).toHaveSent({ to: 'oracle', endpoint: 'answer', kind: 'request' });
    expect(tester).toHaveSent({ to: 'oracle', value: { to: 'ann', amount: 5 } });
    expect(tester).toHaveSent({ value: expect.objectContaining({ amount: expect.any(Number) }) });
    expect(tester).toHaveSent({ endpoint: expect.stringMatching(/^\/ans/), from: 'bank' });
    expect(tester).not.toHaveSent({ to: 'oracle', kind: 'cancel' });
    expect(tester).not.toHaveSent({ value: { to: 'ann' } });
  });

  it('counts', () => {
    expect(tester).toHaveSent({ kind: 'request' }, { times: 2 });
    expect(tester).toHaveSent({ kind: 'cancel' }, { times: 0 });
    expect(tester).not.toHaveSent({ kind: 'request' }, { times: 1 });
  });

  it('shows the nearest misses, what they lack, and all that was sent', () => {
    const expected = { kind: 'request', to: 'oracle', value: { to: 'bob', amount: 5 } } as const;
    expect(messageOf(() => expect(tester).toHaveSent(expected))).toBe(
      [
        'expect(tester).toHaveSent({"kind":"request","to":"oracle","value":{"to":"bob","amount":5}})',
        '',
        'Expected a message with kind "request", to "oracle", value {"to":"bob","amount":5}, got 0.',
        '',
        'The nearest:',
        '  bank -> oracle  /answer request  {"to":"ann","amount":5}',
        '    value.to: expected "bob", got "ann"',
        '',
        'All that was sent:',
        ...transcript,
      ].join('\n'),
    );
  });

  it('shows what asymmetric matchers look for', () => {
    const value = expect.objectContaining({ amount: expect.any(String) });
    expect(messageOf(() => expect(tester).toHaveSent({ to: 'oracle', value }))).toContain(
      [
        'Expected a message with to "oracle", value ObjectContaining({"amount":Any<String>}), got 0.',
        '',
        'The nearest:',
        '  bank -> oracle  /answer request  {"to":"ann","amount":5}',
        '    value: expected ObjectContaining({"amount":Any<String>}), got {"to":"ann","amount":5}',
      ].join('\n'),
    );
  });

  it('shows no misses that have nothing in common with what is expected', () => {
    expect(messageOf(() => expect(tester).toHaveSent({ to: 'orcale' }))).toBe(
      [
        'expect(tester).toHaveSent({"to":"orcale"})',
        '',
        'Expected a message with to "orcale", got 0.',
        '',
        'All that was sent:',
        ...transcript,
      ].join('\n'),
    );
  });

  it('shows what is there where there is another number', () => {
    const assertion = () => expect(tester).toHaveSent({ kind: 'request', from: 'bank' }, { times: 2 });
    expect(messageOf(assertion)).toBe(
      [
        'expect(tester).toHaveSent({"kind":"request","from":"bank"}, {"times":2})',
        '',
        'Expected exactly 2 messages with kind "request", from "bank", got 1.',
        '',
        'Got:',
        '  bank -> oracle  /answer request  {"to":"ann","amount":5}',
        '',
        'The nearest:',
        '  test -> bank  /ask request  {"to":"ann","amount":5}',
        '    from: expected "bank", got "test"',
        '  bank -> test  /ask response 0  42',
        '    kind: expected "request", got "response"',
        '  bank -> test  /ask end 1',
        '    kind: expected "request", got "end"',
        '',
        'All that was sent:',
        ...transcript,
      ].join('\n'),
    );
  });

  it('shows with .not what should not be there', () => {
    expect(messageOf(() => expect(tester).not.toHaveSent({ to: 'oracle' }))).toBe(
      [
        'expect(tester).not.toHaveSent({"to":"oracle"})',
        '',
        'Expected no message with to "oracle", got 1.',
        '',
        'Got:',
        '  bank -> oracle  /answer request  {"to":"ann","amount":5}',
        '',
        'All that was sent:',
        ...transcript,
      ].join('\n'),
    );
  });

  it('shows all of them where there are too many', () => {
    const message = messageOf(() => expect(tester).toHaveSent({ kind: 'request' }, { times: 1 }));
    expect(message).toContain(
      [
        'Expected exactly 1 message with kind "request", got 2.',
        '',
        'Got:',
        '  test -> bank    /ask request     {"to":"ann","amount":5}',
        '  bank -> oracle  /answer request  {"to":"ann","amount":5}',
        '',
        'All that was sent:',
      ].join('\n'),
    );
  });

  it('shows the end of a long conversation', async () => {
    for (let entry = 0; entry < 60; entry++) await tester.emit('/book', entry);
    const lines = messageOf(() => expect(tester).toHaveSent({ to: 'nobody' })).split('\n');
    expect(lines.slice(4, 7)).toEqual([
      'All that was sent:',
      '  … 16 before these',
      '  test -> bank    /book one-way       10',
    ]);
    expect(lines.at(-1)).toBe('  test -> bank    /book one-way       59');
  });

  it('says so if it is given something else', () => {
    expect(messageOf(() => expect('tester').not.toHaveSent())).toBe(
      'toHaveSent() is for an AsyncCallsTesting; it was given "tester".',
    );
  });
});

describe('toHaveResponded', () => {
  it('holds if these are the values, in order, and all', async () => {
    const responses = await tester.call('/money', 100);
    expect(responses).toHaveResponded(50, 20, 20, 10);
    expect(responses).toHaveResponded(50, expect.any(Number), 20, 10);
    expect(responses).not.toHaveResponded(50, 20, 20);
    expect(responses).not.toHaveResponded(20, 50, 20, 10);
    await expect(tester.call('/money', 100)).resolves.toHaveResponded(50, 20, 20, 10);
  });

  it('shows each response that is another, lacks, or is one too many', async () => {
    const responses = await tester.call('/money', 100);
    expect(messageOf(() => expect(responses).toHaveResponded(50, 30, 20))).toBe(
      [
        'expect(responses).toHaveResponded(50, 30, 20)',
        '',
        'Expected 3 responses, got 4 responses:',
        '  0  50',
        '✗ 1  20',
        '       expected 30, got 20',
        '  2  20',
        '✗ 3  10',
        '       expected no more',
      ].join('\n'),
    );
    expect(messageOf(() => expect([]).toHaveResponded('a'))).toBe(
      [
        'expect(responses).toHaveResponded("a")',
        '',
        'Expected 1 response, got 0 responses:',
        '✗ 0  nothing',
        '       expected "a"',
      ].join('\n'),
    );
  });

  it('shows where a value differs, and why there are no more', async () => {
    tester.fake('oracle/answer').responds({ pizza: { name: 'Margherita', slices: [4, 4] } });
    const responses = await tester.call('oracle/answer');
    tester.fake('oracle/answer').responds(1).fails(new AsyncCallError('forbidden', 'not you'));
    expect(
      messageOf(() =>
        expect(responses).toHaveResponded({ pizza: { name: 'Funghi', slices: [4, 2], hot: true } }),
      ),
    ).toBe(
      [
        'expect(responses).toHaveResponded({"pizza":{"name":"Funghi","slices":[4,2],"hot":true}})',
        '',
        'Expected 1 response, got 1 response:',
        '✗ 0  {"pizza":{"name":"Margherita","slices":[4,4]}}',
        '       pizza.name: expected "Funghi", got "Margherita"',
        '       pizza.slices[1]: expected 2, got 4',
        '       pizza.hot: expected true, got undefined',
      ].join('\n'),
    );
    const failed = await tester.call('oracle/answer');
    expect(messageOf(() => expect(failed).toHaveResponded(1, 2, 3))).toBe(
      [
        'expect(responses).toHaveResponded(1, 2, 3)',
        '',
        'Expected 3 responses, got 1 response and a failure:',
        '  0  1',
        '✗ failed: forbidden (403): not you',
        '       expected 2',
        '✗ 2  nothing',
        '       expected 3',
      ].join('\n'),
    );
  });

  it('shows with .not what has come', async () => {
    const responses = await tester.call('/money', 100);
    expect(messageOf(() => expect(responses).not.toHaveResponded(50, 20, 20, 10))).toBe(
      [
        'expect(responses).not.toHaveResponded(50, 20, 20, 10)',
        '',
        'Expected anything but 4 responses, got 4 responses:',
        '  0  50',
        '  1  20',
        '  2  20',
        '  3  10',
      ].join('\n'),
    );
  });

  it('says so if the call is not awaited', async () => {
    const call = tester.call('/money', 100);
    expect(messageOf(() => expect(call).toHaveResponded(50))).toBe(
      'toHaveResponded() is for what `await tester.call(…)` gives; it was given a promise: await it.',
    );
    await call;
  });
});

describe('toHaveFailed', () => {
  it('holds if the call has failed with an error like that', async () => {
    const responses = await tester.call('/refuse');
    expect(responses).toHaveFailed();
    expect(responses).toHaveFailed('conflict');
    expect(responses).toHaveFailed({ statusCode: 409, message: expect.stringContaining('n') });
    expect(responses).not.toHaveFailed('not-found');
    expect(await tester.call('/money', 100)).not.toHaveFailed();
    await expect(tester.call('/refuse')).resolves.toHaveFailed('conflict');
  });

  it('holds if a one-way call, or an event in one group, has failed', async () => {
    expect(await tester.emit('/refuse')).toHaveFailed({ code: 'conflict' });
    const handled: Handled[] = [
      { group: 'bank', as: 'served' },
      { group: 'audit', as: 'failed', error: new AsyncCallError('conflict', 'no') },
    ];
    expect(handled).toHaveFailed('conflict');
    expect(await tester.publish('booked', 1)).not.toHaveFailed();
  });

  it('shows in what the error is another', async () => {
    const responses = await tester.call('/refuse');
    expect(messageOf(() => expect(responses).toHaveFailed({ code: 'not-found', message: 'no' }))).toBe(
      [
        'expect(outcome).toHaveFailed({"code":"not-found","message":"no"})',
        '',
        'Expected a failure with code "not-found", message "no", got another.',
        '  code: expected "not-found", got "conflict"',
        '',
        'What has come of it:',
        '  failed: conflict (409): no',
      ].join('\n'),
    );
  });

  it('shows what has come instead of a failure', async () => {
    const responses = await tester.call('/money', 100);
    expect(messageOf(() => expect(responses).toHaveFailed('conflict'))).toBe(
      [
        'expect(outcome).toHaveFailed("conflict")',
        '',
        'Expected a failure with code "conflict", got none.',
        '',
        'What has come of it:',
        '  0  50',
        '  1  20',
        '  2  20',
        '  3  10',
      ].join('\n'),
    );
    const handled = await tester.emit('/book', 1);
    expect(messageOf(() => expect(handled).toHaveFailed())).toContain('What has come of it:\n  bank: served');
    expect(messageOf(() => expect([]).toHaveFailed())).toContain('What has come of it:\n  nothing');
  });

  it('shows with .not the failure', async () => {
    const responses = await tester.call('/refuse');
    expect(messageOf(() => expect(responses).not.toHaveFailed())).toBe(
      [
        'expect(outcome).not.toHaveFailed()',
        '',
        'Expected no failure, got one.',
        '',
        'What has come of it:',
        '  failed: conflict (409): no',
      ].join('\n'),
    );
    expect(messageOf(() => expect(42).not.toHaveFailed())).toContain('is for what `await tester.call(…)`');
  });
});

describe('toHaveBeenServed', () => {
  it('holds if every group has served it', async () => {
    expect(await tester.emit('/book', 1)).toHaveBeenServed();
    expect(await tester.publish('booked', 1)).toHaveBeenServed();
    expect(await tester.emit('/refuse')).not.toHaveBeenServed();
    await expect(tester.emit('/book', 1)).resolves.toHaveBeenServed();
  });

  it('shows what has become of it instead', async () => {
    const handled = await tester.emit('/refuse');
    expect(messageOf(() => expect(handled).toHaveBeenServed())).toBe(
      [
        'expect(handled).toHaveBeenServed()',
        '',
        'Expected every group to have served it.',
        '',
        'What has become of it:',
        '  bank: failed, conflict (409): no',
      ].join('\n'),
    );
    expect(messageOf(() => expect(handled).not.toHaveFailed('conflict'))).toContain(
      'Expected no failure with code "conflict", got one.',
    );
    const others: Handled[] = [
      { group: 'bank', as: 'served' },
      { group: 'audit', as: 'passedOver' },
    ];
    expect(messageOf(() => expect(others).toHaveBeenServed())).toContain(
      '  bank: served\n  audit: not served, no handler wants it',
    );
  });

  it('does not hold for an event that nobody reads', async () => {
    const handled = await tester.publish('unheard', 1);
    expect(messageOf(() => expect(handled).toHaveBeenServed())).toBe(
      [
        'expect(handled).toHaveBeenServed()',
        '',
        'Expected every group to have served it, but no group reads it: no service under test subscribes to this event.',
      ].join('\n'),
    );
  });

  it('shows with .not who has', async () => {
    const handled = await tester.emit('/book', 1);
    expect(messageOf(() => expect(handled).not.toHaveBeenServed())).toBe(
      [
        'expect(handled).not.toHaveBeenServed()',
        '',
        'Expected that not every group has served it, but they have.',
        '',
        'What has become of it:',
        '  bank: served',
      ].join('\n'),
    );
  });
});
