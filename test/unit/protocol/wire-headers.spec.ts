import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeCancel } from '../../../lib/protocol/cancel.js';
import { encodeResponses } from '../../../lib/protocol/frames.js';
import { HeaderReader, parseCount } from '../../../lib/protocol/header-reader.js';
import { encodeRequest, type OutgoingRequest } from '../../../lib/protocol/request.js';
import { encodeResponse, type FrameBody, type ResponseHead } from '../../../lib/protocol/response.js';
import { TextHeader } from '../../../lib/protocol/text-header.js';
import type { WireRecord } from '../../../lib/protocol/wire-record.js';
import { bytes, text } from './arbitraries.js';

const lines = ({ headers }: WireRecord) => headers.map(([name, value]) => `${name}=${value.toString()}`);

const JSON_VALUE: FrameBody = {
  kind: 'next',
  payload: { bytes: Buffer.from('1'), contentType: 'application/json' },
};
const REQUEST: OutgoingRequest = {
  kind: 'request',
  correlationId: 'q-1',
  endpoint: '/a',
  replyTo: { topic: 'caller.replies', partition: 3 },
  source: 'caller/1',
  timeoutMs: 30_000,
  acceptsFrames: true,
  headers: [
    ['b', Buffer.from('1')],
    ['a', Buffer.from('2')],
  ],
  payload: { bytes: Buffer.from('1'), contentType: 'application/json' },
};
const HEAD: ResponseHead = {
  id: 'r-1',
  seq: 7,
  epoch: 5,
  attempt: 2,
  correlationId: Buffer.from('q-1'),
  source: 'bank/1',
};
const HEAD_LINES = ['ac-id=r-1', 'ac-seq=7', 'ac-epoch=5', 'ac-attempt=2', 'ac-source=bank/1'];

describe('the headers on the wire', () => {
  it('of a request stand in this order', () => {
    const expected = [
      'kafka_correlationId=q-1',
      'kafka_replyTopic=caller.replies',
      'kafka_replyPartition=3',
      'ac-version=1',
      'ac-kind=request',
      'ac-endpoint=/a',
      'ac-source=caller/1',
      'ac-timeout-ms=30000',
      'ac-accept=frames',
      'content-type=application/json',
      'b=1',
      'a=2',
    ];
    expect(lines(encodeRequest(REQUEST))).toEqual(expected);
    expect(lines(encodeRequest(REQUEST))).toEqual(expected);
  });

  it('of a request whose responses go to handlers name no partition, but the state that is to come back', () => {
    const replyTo = { topic: 'caller.responses', state: Buffer.from('{}') };
    expect(lines(encodeRequest({ ...REQUEST, replyTo, acceptsFrames: false })).slice(1, 4)).toEqual([
      'kafka_replyTopic=caller.responses',
      'ac-state={}',
      'ac-version=1',
    ]);
    const head = { ...HEAD, state: Buffer.from('{}') };
    expect(lines(encodeResponses(head, [JSON_VALUE]))).toContain('ac-state={}');
    expect(lines(encodeResponses(head, [JSON_VALUE, JSON_VALUE]))).toContain('ac-state={}');
  });

  it('of a request are left out where there is nothing to say', () => {
    const { correlationId, endpoint, source } = REQUEST;
    const request = { kind: 'one-way', correlationId, endpoint, source, headers: [] } as const;
    expect(lines(encodeRequest({ ...request, payload: { bytes: null } }))).toEqual([
      'kafka_correlationId=q-1',
      'ac-version=1',
      'ac-kind=one-way',
      'ac-endpoint=/a',
      'ac-source=caller/1',
    ]);
  });

  it('of a cancel stand in this order', () => {
    expect(lines(encodeCancel('q-1', 'caller/1'))).toEqual([
      'kafka_correlationId=q-1',
      'ac-version=1',
      'ac-kind=cancel',
      'ac-source=caller/1',
    ]);
  });

  it('of responses stand in this order, alone and as frames', () => {
    const kind = (word: string) => [
      'kafka_correlationId=q-1',
      'ac-version=1',
      `ac-kind=${word}`,
      ...HEAD_LINES,
    ];
    const alone = [...kind('next'), 'content-type=application/json'];
    expect(lines(encodeResponse({ ...HEAD, ...JSON_VALUE }, [['a', Buffer.from('2')]]))).toEqual([
      ...alone,
      'a=2',
    ]);
    expect(lines(encodeResponses(HEAD, [JSON_VALUE]))).toEqual(alone);
    expect(lines(encodeResponses(HEAD, [JSON_VALUE, { kind: 'complete' }]))).toEqual(kind('frames'));
  });

  it('say every value, however many and long they are', () => {
    const header = new TextHeader('name');
    const values = [...Array.from({ length: 200 }, (_, index) => index), 'x'.repeat(1_000), 'ä'];
    for (const value of [...values, ...values])
      expect(header.of(value)).toEqual(['name', Buffer.from(String(value))]);
  });
});

describe('a header that is read', () => {
  const reader = (value: Buffer) => new HeaderReader({ value: null, headers: [['name', value]] });

  it('is the same text whether it was likely or not', () => {
    const likely = fc.array(fc.constantFrom('1', 'request', 'application/json'), { maxLength: 3 });
    const value = fc.oneof(
      bytes,
      fc.oneof(text, fc.constantFrom('1', '11', 'request')).map((each) => Buffer.from(each)),
    );
    fc.assert(
      fc.property(value, likely, (each, words) => {
        expect(reader(each).text('name', words)).toBe(each.toString('utf8'));
      }),
    );
  });

  it('is a count where it is all digits, and not too many', () => {
    const digits = fc.stringMatching(/^[0-9]{0,17}$/);
    const nearly = fc.stringMatching(/^[ +\-.0-9:/a-f]{0,5}$/);
    fc.assert(
      fc.property(fc.oneof(digits, nearly, text), fc.constantFrom(9, 15), (value, most) => {
        const isCount = /^[0-9]+$/.test(value) && value.length <= most;
        expect(parseCount(Buffer.from(value), most)).toBe(isCount ? Number(value) : Number.NaN);
      }),
      { numRuns: 500 },
    );
  });
});
