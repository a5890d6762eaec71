import { describe, expect, it } from '@jest/globals';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { nameOfMessage, transcriptOf } from '../../../lib/testing/transcript.js';
import { message } from './messages.js';

describe('a transcript', () => {
  it('is a line each, in columns, of what there is to tell', () => {
    const error = new AsyncCallError('conflict', 'no');
    expect(
      transcriptOf([
        message({ endpoint: '/money', value: { amount: 1 } }),
        message({ kind: 'response', from: 'bank', to: 'shop', endpoint: '/money', seq: 0, value: 'a' }),
        message({ kind: 'end', from: 'bank', to: 'shop', endpoint: '/money', seq: 1 }),
        message({ kind: 'error', from: 'bank', to: 'shop', endpoint: '/money', seq: 1, error }),
        message({ kind: 'event', to: 'booked', type: 'Booked', value: null }),
        message({ kind: 'event', to: 'booked', value: 0 }),
        message({ kind: 'dead-letter', from: 'bank', to: 'bank', endpoint: '/money', value: 1, error }),
        message({ kind: 'foreign', from: 'other', to: 'x', value: Buffer.from([1, 2]) }),
      ]),
    ).toBe(
      [
        'shop -> bank    /money request      {"amount":1}',
        'bank -> shop    /money response 0   "a"',
        'bank -> shop    /money end 1',
        'bank -> shop    /money error 1      conflict: no',
        'shop -> booked  Booked event        null',
        'shop -> booked  event               0',
        'bank -> bank    /money dead-letter  conflict: no',
        'other -> x      foreign             2 bytes',
      ].join('\n'),
    );
    expect(transcriptOf([])).toBe('');
  });

  it('shortens what is long, and shows what is no JSON', () => {
    expect(transcriptOf([message({ value: 'x'.repeat(500) })])).toMatch(/ {2}"x{119}…$/);
    expect(transcriptOf([message({ value: { big: 10n } })])).toMatch(/ {2}\{"big":10n\}$/);
  });

  it('numbers the ids in messages of errors, which are others in each run, and leaves values alone', () => {
    const [one, two] = ['01a1ffa1-a5e7-7dd3-b7f6-fede4be182ef', '01a1ffa1-a5e8-7dd3-b7f6-fede4be182ef'];
    const lost = (text: string) =>
      message({ kind: 'error', seq: 0, error: new AsyncCallError('timeout', text) });
    const lines = transcriptOf([
      lost(`(request ${two})`),
      lost(`${one}, then ${two}`),
      message({ value: one }),
    ]).split('\n');
    expect(lines.map((line) => line.replace(/^.*? {2}(error 0|request) +/, ''))).toEqual([
      'timeout: (request #1)',
      'timeout: #2, then #1',
      `"${one}"`,
    ]);
  });
});

describe('the name of a message', () => {
  it.each([
    [message({ endpoint: '/money' }), 'request to bank/money'],
    [message({ kind: 'one-way', endpoint: '/money' }), 'one-way to bank/money'],
    [message({ kind: 'cancel' }), 'cancel to bank'],
    [message({ kind: 'event', to: 'booked' }), 'event in booked'],
    [message({ kind: 'event', to: 'booked', type: 'Booked' }), 'event in booked of type Booked'],
    [
      message({ kind: 'response', from: 'bank', to: 'shop', endpoint: '/money', seq: 3 }),
      'response 3 of bank/money to shop',
    ],
    [message({ kind: 'dead-letter', endpoint: '/money' }), 'dead letter of bank/money'],
    [message({ kind: 'foreign', to: 'x' }), 'record in x'],
  ])('is %#', (each, name) => {
    expect(nameOfMessage(each)).toBe(name);
  });
});
