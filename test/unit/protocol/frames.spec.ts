import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { DecodeError } from '../../../lib/protocol/decode-error.js';
import { decodeFrameList, encodeFrameList, type Frame } from '../../../lib/protocol/frame-list.js';
import { decodeResponses, encodeResponses, FRAMES } from '../../../lib/protocol/frames.js';
import { HEADER } from '../../../lib/protocol/header-names.js';
import type { FrameBody, ResponseHead } from '../../../lib/protocol/response.js';
import { bytes, count, strangeHeaders, text } from './arbitraries.js';

const anyPayload = fc.record({
  bytes: fc.option(bytes),
  contentType: fc.option(fc.oneof(fc.constantFrom('application/json', 'text/plain', ''), text), {
    nil: undefined,
  }),
});
const anyFrame: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constantFrom('next', 'last', 'complete', 'error'),
  payload: anyPayload,
});
const anyHead: fc.Arbitrary<ResponseHead> = fc.record({
  id: text,
  seq: count,
  epoch: count,
  attempt: count,
  correlationId: bytes,
  source: text,
});
const anyValues: fc.Arbitrary<FrameBody[]> = fc.array(
  fc.record({ kind: fc.constant('next' as const), payload: anyPayload }),
  { minLength: 1, maxLength: 20 },
);
const anyEnd: fc.Arbitrary<FrameBody> = fc.oneof(
  fc.record({ kind: fc.constant('last' as const), payload: anyPayload }),
  fc.constant({ kind: 'complete' as const }),
);

const HEAD: ResponseHead = {
  id: 'r-1',
  seq: 7,
  epoch: 5,
  attempt: 2,
  correlationId: Buffer.from('c-1'),
  source: 'service/instance',
};
const VALUE: FrameBody = {
  kind: 'next',
  payload: { bytes: Buffer.from('1'), contentType: 'application/json' },
};
const END: FrameBody = { kind: 'complete' };

/** A record of frames with this value. */
const recordOf = (value: Buffer | null) => ({ ...encodeResponses(HEAD, [VALUE, END]), value });

function expectDecodeError(decode: () => unknown, message?: string): void {
  expect(decode).toThrow(DecodeError);
  if (message) expect(decode).toThrow(message);
}

describe('a list of frames', () => {
  it('brings every frame back as it was', () => {
    fc.assert(
      fc.property(fc.array(anyFrame), (frames) => {
        expect(decodeFrameList(encodeFrameList(frames))).toEqual(frames);
      }),
    );
  });

  it('is laid out byte by byte', () => {
    const json = (value: string) => ({ bytes: Buffer.from(value), contentType: 'j' });
    const list = encodeFrameList([
      { kind: 'next', payload: json('12') },
      { kind: 'next', payload: json('') },
      { kind: 'next', payload: { bytes: null } },
      { kind: 'last', payload: json('3') },
    ]);
    expect(list.toString('hex')).toBe(
      ['14 00000001 6a 00000002 3132', '0c 00000000', '00', '0d 00000001 33'].join('').replaceAll(' ', ''),
    );
  });

  it('names a content type once for those that follow each other', () => {
    const payload = { bytes: Buffer.from('1'), contentType: 'application/json' };
    const list = encodeFrameList(Array.from({ length: 100 }, () => ({ kind: 'next', payload })));
    expect(list).toHaveLength(100 * (1 + 4 + 1) + 4 + 'application/json'.length);
  });

  it.each([
    ['flags that there are not', '20', 'unknown flags: 32'],
    ['the content type of none before it', '0c00000000', 'content type of none before it'],
    ['two content types', '1800000000', 'content type of none before it'],
    ['a length that is cut off', '040000', 'longer than its record'],
    ['a length beyond the end', '040000000261', 'longer than its record'],
    ['the greatest length', '04ffffffff61', 'longer than its record'],
    ['a content type beyond the end', '10000000ff', 'longer than its record'],
  ])('is refused with %s', (_, hex, message) => {
    expectDecodeError(() => decodeFrameList(Buffer.from(hex, 'hex')), message);
  });

  it('throws nothing but a DecodeError, whatever the bytes, and reads no more frames than there are bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (drawn) => {
        const list = Buffer.from(drawn);
        try {
          expect(decodeFrameList(list).length).toBeLessThanOrEqual(list.length);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('throws nothing but a DecodeError when a byte is changed, or the end is cut off', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { minLength: 1 }),
        fc.nat(),
        fc.nat({ max: 255 }),
        (frames, place, byte) => {
          const list = encodeFrameList(frames);
          const changed = Buffer.from(list);
          changed[place % list.length] = byte;
          for (const tampered of [changed, list.subarray(0, place % list.length)]) {
            try {
              decodeFrameList(tampered);
            } catch (error) {
              expect(error).toBeInstanceOf(DecodeError);
            }
          }
        },
      ),
    );
  });
});

describe('records of responses', () => {
  it('bring every stretch of a stream back, each response with its place and an id of its own', () => {
    fc.assert(
      fc.property(anyHead, anyValues, fc.option(anyEnd), (head, values, end) => {
        const bodies = end ? [...values, end] : values;
        const { correlationId: _, ...rest } = head;
        const responses = decodeResponses(encodeResponses(head, bodies)).map(({ headers, ...response }) => {
          expect([...headers]).toEqual([]);
          return response;
        });
        expect(responses).toEqual(
          bodies.map((body, index) => ({
            ...rest,
            ...body,
            seq: head.seq + index,
            id: bodies.length === 1 ? head.id : `${head.id}/${index}`,
          })),
        );
      }),
    );
  });

  it('are of the kind of the response where there is one, of the kind "frames" where there are more', () => {
    const kindOf = (bodies: FrameBody[]) =>
      String(encodeResponses(HEAD, bodies).headers.find(([name]) => name === HEADER.kind)?.[1]);
    expect([[VALUE], [END], [VALUE, END]].map(kindOf)).toEqual(['next', 'complete', FRAMES]);
  });

  it('have no content type of their own where they are frames', () => {
    const names = encodeResponses(HEAD, [VALUE, END]).headers.map(([name]) => name);
    expect(names).not.toContain(HEADER.contentType);
  });

  it('bring an error that ends the stream', () => {
    const error = new AsyncCallError('not-found', 'no money', { details: { asked: 7 } });
    expect(decodeResponses(encodeResponses(HEAD, [VALUE, { kind: 'error', error }]))[1]).toMatchObject({
      kind: 'error',
      seq: 8,
      error: { code: 'not-found', statusCode: 404, message: 'no money', details: { asked: 7 } },
    });
  });

  it("give each response the record's own headers", () => {
    const { value, headers } = encodeResponses(HEAD, [VALUE, VALUE]);
    const responses = decodeResponses({ value, headers: [...headers, ['tenant', Buffer.from('bank')]] });
    expect(responses.map((response) => response.headers.get('tenant'))).toEqual(['bank', 'bank']);
  });

  it('are refused without frames, or with one behind the end', () => {
    expectDecodeError(() => decodeResponses(recordOf(null)), 'has none');
    expectDecodeError(() => decodeResponses(recordOf(Buffer.alloc(0))), 'has none');
    const list = encodeFrameList([
      { kind: 'complete', payload: { bytes: null } },
      { kind: 'next', payload: { bytes: null } },
    ]);
    expectDecodeError(() => decodeResponses(recordOf(list)), 'behind the end');
  });

  it.each([HEADER.version, HEADER.seq, HEADER.attempt])('of frames need the header %s', (missing) => {
    const { value, headers } = encodeResponses(HEAD, [VALUE, END]);
    const record = { value, headers: headers.filter(([name]) => name !== missing) };
    expectDecodeError(() => decodeResponses(record), missing);
  });

  it('throw nothing but a DecodeError, whatever stands in them', () => {
    fc.assert(
      fc.property(strangeHeaders, fc.option(bytes), fc.boolean(), (strange, value, isComplete) => {
        const { headers } = encodeResponses(HEAD, [VALUE, END]);
        const kind = [HEADER.kind, Buffer.from(FRAMES)] as const;
        try {
          decodeResponses({ value, headers: [kind, ...strange, ...(isComplete ? headers : [])] });
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
