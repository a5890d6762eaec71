import { describe, expect, it } from '@jest/globals';
import type { ProducerRecord, RecordHeader } from '../../../lib/broker/record.js';
import { deadLetterOf } from '../../../lib/delivery/dead-letter.js';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { encodeCancel } from '../../../lib/protocol/cancel.js';
import { encodeResponses } from '../../../lib/protocol/frames.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import { encodeRequest, type OutgoingRequest } from '../../../lib/protocol/request.js';
import type { FrameBody } from '../../../lib/protocol/response.js';
import type { WireRecord } from '../../../lib/protocol/wire-record.js';
import { MessageReader } from '../../../lib/testing/sent-message.js';

const at = (topic: string, record: WireRecord, key: Buffer | null = null): ProducerRecord => ({
  topic,
  partition: 2,
  key,
  ...record,
});
const requestOf = (part: Partial<OutgoingRequest> = {}): WireRecord =>
  encodeRequest({
    kind: 'request',
    correlationId: 'q-1',
    endpoint: '/money',
    replyTo: { topic: 'shop.replies', partition: 0 },
    source: 'shop/1',
    headers: [['tenant', Buffer.from('blue')]],
    payload: jsonSerializer.serialize({ amount: 1 }),
    ...part,
  });
const value = (data: unknown, kind: 'next' | 'last' = 'next'): FrameBody => ({
  kind,
  payload: jsonSerializer.serialize(data),
});
const answerOf = (seq: number, ...bodies: FrameBody[]): WireRecord =>
  encodeResponses(
    { id: 'r-1', seq, epoch: 0, attempt: 1, correlationId: Buffer.from('q-1'), source: 'bank/1' },
    bodies,
  );

function setUp(prefix = '') {
  const reader = new MessageReader();
  const read = (record: ProducerRecord, service = 'shop') =>
    reader.read(record, { service, serializer: jsonSerializer, prefix }, 7);
  return { read };
}

describe('the reader of messages', () => {
  it('reads a request, with what stands on it', () => {
    const { read } = setUp();
    const [request, ...others] = read(at('bank.requests', requestOf(), Buffer.from('k')));
    expect(others).toEqual([]);
    expect(request).toMatchObject({
      kind: 'request',
      from: 'shop',
      to: 'bank',
      endpoint: '/money',
      value: { amount: 1 },
      key: 'k',
      requestId: 'q-1',
      topic: 'bank.requests',
      partition: 2,
      atMs: 7,
    });
    expect(request.headers.get('tenant')).toBe('blue');
  });

  it('tells one-way calls and events from requests', () => {
    const { read } = setUp();
    const oneWay = requestOf({ kind: 'one-way', replyTo: undefined });
    expect(read(at('bank.requests', oneWay))).toMatchObject([{ kind: 'one-way', endpoint: '/money' }]);
    const event = requestOf({ kind: 'event', endpoint: undefined, type: 'Booked', replyTo: undefined });
    const [booked] = read(at('booked', event));
    expect(booked).toMatchObject({ kind: 'event', to: 'booked', type: 'Booked', value: { amount: 1 } });
    expect(booked.endpoint).toBeUndefined();
  });

  it('reads answers, which say what they answer if that was seen', () => {
    const { read } = setUp();
    const unseen = read(at('shop.replies', answerOf(0, value(1))), 'bank');
    expect(unseen).toMatchObject([{ kind: 'response', to: 'shop', value: 1, seq: 0 }]);
    expect(unseen[0].endpoint).toBeUndefined();
    read(at('bank.requests', requestOf()));
    for (const topic of ['shop.replies', 'shop.responses'])
      expect(read(at(topic, answerOf(1, value(2))), 'bank')).toMatchObject([
        { kind: 'response', from: 'bank', to: 'shop', endpoint: '/money', value: 2, seq: 1 },
      ]);
  });

  it('takes records of several responses apart, and the end from the last value', () => {
    const { read } = setUp();
    const frames = read(at('shop.replies', answerOf(3, value('a'), value('b'), value('c', 'last'))), 'bank');
    expect(frames.map((each) => [each.kind, each.seq, each.value])).toEqual([
      ['response', 3, 'a'],
      ['response', 4, 'b'],
      ['response', 5, 'c'],
      ['end', 6, undefined],
    ]);
    expect(read(at('shop.replies', answerOf(2, { kind: 'complete' })))).toMatchObject([
      { kind: 'end', seq: 2 },
    ]);
    const error = new AsyncCallError('conflict', 'no');
    expect(read(at('shop.replies', answerOf(2, { kind: 'error', error })))).toMatchObject([
      { kind: 'error', seq: 2, error: { code: 'conflict', message: 'no' } },
    ]);
  });

  it('reads a cancel, which names the endpoint of its request', () => {
    const { read } = setUp();
    read(at('bank.requests', requestOf()));
    const cancel = at('bank.requests', encodeCancel('q-1', 'shop/1'));
    expect(read(cancel)).toMatchObject([
      { kind: 'cancel', to: 'bank', endpoint: '/money', requestId: 'q-1' },
    ]);
  });

  it('reads a dead letter, with the reason and its code', () => {
    const { read } = setUp();
    const record = { ...at('bank.requests', requestOf()), offset: 3n, timestamp: 0 };
    const error = new AsyncCallError('conflict', 'no');
    const place = { topic: 'bank.dead-letters', partition: 0 };
    const letter = deadLetterOf(record, { kind: 'failed', error, attempts: 3 } as never, 'bank', place);
    expect(read(letter, 'bank')).toMatchObject([
      {
        kind: 'dead-letter',
        from: 'bank',
        to: 'bank',
        endpoint: '/money',
        value: { amount: 1 },
        error: { code: 'conflict', message: 'no' },
      },
    ]);
  });

  it.each<[string, string, readonly RecordHeader[]]>([
    ['no request in a topic of requests', 'bank.requests', []],
    ['no answer in a topic of replies', 'shop.replies', [['ac-kind', Buffer.from('surprise')]]],
    ['an event without a kind', 'booked', []],
  ])('takes %s for foreign', (_, topic, headers) => {
    const { read } = setUp();
    const [foreign] = read({ topic, partition: 0, key: null, value: Buffer.from('x'), headers });
    expect(foreign).toMatchObject({ kind: 'foreign', to: topic, value: Buffer.from('x'), requestId: '' });
  });

  it('says that a payload cannot be read, in the place of its value', () => {
    const { read } = setUp();
    const broken = { bytes: Buffer.from('{'), contentType: 'application/json' };
    const [request] = read(at('bank.requests', requestOf({ payload: broken })));
    expect(request).toMatchObject({ kind: 'request', value: expect.stringMatching(/^cannot be read: /) });
  });

  it('knows services and topics without the prefix that stands before all', () => {
    const { read } = setUp('test-1.');
    const request = read(at('test-1.my.bank.requests', requestOf()));
    expect(request).toMatchObject([{ to: 'my.bank', topic: 'test-1.my.bank.requests' }]);
    const event = requestOf({ kind: 'event', endpoint: undefined, replyTo: undefined });
    expect(read(at('test-1.booked', event))).toMatchObject([{ kind: 'event', to: 'booked' }]);
  });
});
