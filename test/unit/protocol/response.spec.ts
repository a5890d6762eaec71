import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { DecodeError } from '../../../lib/protocol/decode-error.js';
import { HEADER } from '../../../lib/protocol/header-names.js';
import type { HeaderEntry } from '../../../lib/protocol/message-headers.js';
import {
  correlationIdOf,
  decodeResponse,
  encodeResponse,
  type FrameBody,
  type IncomingResponse,
  type OutgoingResponse,
} from '../../../lib/protocol/response.js';
import { bytes, count, foreignHeaders, payload, strangeHeaders, text } from './arbitraries.js';

const anyBody: fc.Arbitrary<FrameBody> = fc.oneof(
  fc.record({ kind: fc.constantFrom('next' as const, 'last' as const), payload }),
  fc.constant({ kind: 'complete' as const }),
);

const anyResponse: fc.Arbitrary<OutgoingResponse> = fc
  .tuple(
    anyBody,
    fc.record({ id: text, seq: count, epoch: count, attempt: count, correlationId: bytes, source: text }),
  )
  .map(([body, head]) => ({ ...body, ...head }));

const HEAD = {
  id: 'r-1',
  seq: 0,
  epoch: 5,
  attempt: 1,
  correlationId: Buffer.from('c-1'),
  source: 'service/instance',
};
const NEXT: OutgoingResponse = { ...HEAD, kind: 'next', payload: { bytes: null } };

const comparable = ({ headers, ...rest }: IncomingResponse) => ({ ...rest, headers: [...headers] });

/** The record of a response with one header replaced, or removed. */
function tampered(name: string, value?: string) {
  const { headers, ...record } = encodeResponse(NEXT);
  const replaced: HeaderEntry[] = value === undefined ? [] : [[name, Buffer.from(value)]];
  return { ...record, headers: [...headers.filter((entry) => entry[0] !== name), ...replaced] };
}

describe('the response codec', () => {
  it('brings every response back as it was', () => {
    fc.assert(
      fc.property(anyResponse, foreignHeaders, (response, headers) => {
        const { correlationId: _, ...expected } = response;
        expect(comparable(decodeResponse(encodeResponse(response, headers)))).toEqual({
          ...expected,
          headers,
        });
      }),
    );
  });

  it('brings errors back', () => {
    const error = new AsyncCallError('not-found', 'no money', { details: { asked: 7 } });
    const decoded = decodeResponse(encodeResponse({ ...HEAD, kind: 'error', error }));
    expect(decoded).toMatchObject({
      kind: 'error',
      error: { code: 'not-found', statusCode: 404, message: 'no money', details: { asked: 7 } },
    });
  });

  it('has no payload and no content type at the end of a stream', () => {
    const { value, headers } = encodeResponse({ ...HEAD, kind: 'complete' });
    expect(value).toBeNull();
    expect(headers.map(([name]) => name)).not.toContain(HEADER.contentType);
  });

  it('tells the request it belongs to without being decoded', () => {
    expect(correlationIdOf(encodeResponse(NEXT))).toEqual(Buffer.from('c-1'));
    expect(correlationIdOf({ value: null, headers: [] })).toBeUndefined();
  });

  it('needs no id and no source', () => {
    expect(decodeResponse(tampered(HEADER.id)).id).toBe('');
    expect(decodeResponse(tampered(HEADER.source)).source).toBeUndefined();
  });

  it.each([
    ['no version', HEADER.version, undefined, 'no header ac-version'],
    ['another version', HEADER.version, '2', 'version "2"; this client reads 1'],
    ['no kind', HEADER.kind, undefined, 'ac-kind of the response is undefined'],
    ['an unknown kind', HEADER.kind, 'frames', 'ac-kind of the response is "frames"'],
    ["a request's kind", HEADER.kind, 'request', 'ac-kind of the response is "request"'],
    ['no seq', HEADER.seq, undefined, 'ac-seq is not a whole number'],
    ['a negative seq', HEADER.seq, '-1', 'ac-seq is not a whole number'],
    ['a seq beyond what numbers can count', HEADER.seq, '1234567890123456', 'ac-seq is not a whole number'],
    ['no attempt', HEADER.attempt, undefined, 'ac-attempt is not a whole number'],
    ['an attempt that is text', HEADER.attempt, 'one', 'ac-attempt is not a whole number'],
  ])('refuses %s', (_, name, value, message) => {
    const decode = () => decodeResponse(tampered(name, value));
    expect(decode).toThrow(DecodeError);
    expect(decode).toThrow(message);
  });

  it('throws nothing but a DecodeError, whatever the record', () => {
    fc.assert(
      fc.property(strangeHeaders, fc.option(bytes), (headers, value) => {
        try {
          decodeResponse({ value, headers });
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('throws nothing but a DecodeError, whatever stands in its own headers', () => {
    fc.assert(
      fc.property(anyResponse, strangeHeaders, fc.option(bytes), (response, strange, value) => {
        const { headers } = encodeResponse(response);
        try {
          decodeResponse({ value, headers: [...strange.slice(0, 1), ...headers, ...strange] });
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});
