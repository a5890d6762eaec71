import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { DecodeError } from '../../../lib/protocol/decode-error.js';
import { decodeHandledResponse, withoutValue } from '../../../lib/protocol/handled-response.js';
import { encodeResponse, type FrameBody } from '../../../lib/protocol/response.js';
import { encodeAnsweredCall } from '../../../lib/protocol/response-state.js';
import { strangeHeaders } from './arbitraries.js';

const CALL = { service: 'bank', endpoint: '/pay', state: { orderId: 7 } };
const HEAD = {
  id: 'r-1',
  seq: 2,
  epoch: 5,
  attempt: 3,
  source: 'bank/i1',
  correlationId: Buffer.from('q-1'),
  state: encodeAnsweredCall(CALL),
};
const VALUE = { bytes: Buffer.from('1'), contentType: 'application/json' };
const decoded = (body: FrameBody) => decodeHandledResponse(encodeResponse({ ...HEAD, ...body }));

describe('a response that comes to a handler', () => {
  it.each(['next', 'last'] as const)('is a message with its value, and wants no answer (%s)', (kind) => {
    expect(decoded({ kind, payload: VALUE })).toMatchObject({
      kind: 'one-way',
      endpoint: 'bank/pay',
      source: 'bank/i1',
      payload: VALUE,
      call: CALL,
      correlationId: Buffer.from('q-1'),
      replyTo: undefined,
      timeoutMs: undefined,
      response: { kind, seq: 2, epoch: 5, attempt: 3, id: 'r-1' },
    });
  });

  it('has no payload if it is an end alone', () => {
    const error = new AsyncCallError('conflict', 'no', { details: { account: 7 } });
    for (const body of [{ kind: 'complete' }, { kind: 'error', error }] as const)
      expect(decoded(body)).toMatchObject({ payload: { bytes: null }, response: body });
  });

  it('without its value is the end behind it', () => {
    expect(withoutValue(decoded({ kind: 'last', payload: VALUE }))).toMatchObject({
      endpoint: 'bank/pay',
      payload: { bytes: null },
      call: CALL,
      response: { kind: 'complete', seq: 3, epoch: 5, attempt: 3, id: 'r-1' },
    });
  });

  it.each(['kafka_correlationId', 'ac-state', 'ac-version', 'ac-seq', 'ac-attempt', 'ac-kind'])(
    'cannot be read without %s',
    (name) => {
      const { headers, value } = encodeResponse({ ...HEAD, kind: 'next', payload: VALUE });
      const record = { value, headers: headers.filter((header) => header[0] !== name) };
      expect(() => decodeHandledResponse(record)).toThrow(DecodeError);
    },
  );

  it('is read, or refused with a typed error, whatever stands in its headers', () => {
    const { headers } = encodeResponse({ ...HEAD, kind: 'next', payload: VALUE });
    fc.assert(
      fc.property(strangeHeaders, (strange) => {
        try {
          decodeHandledResponse({ value: null, headers: [...strange, ...headers] });
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});
