import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError } from '../../../lib/protocol/decode-error.js';
import { HEADER } from '../../../lib/protocol/header-names.js';
import type { HeaderEntry } from '../../../lib/protocol/message-headers.js';
import {
  decodeRequest,
  encodeRequest,
  type IncomingRequest,
  type OutgoingRequest,
} from '../../../lib/protocol/request.js';
import { bytes, count, foreignHeaders, payload, strangeHeaders, text } from './arbitraries.js';

type RawHeaders = Readonly<Record<string, string | Buffer>>;

const FOREIGN: RawHeaders = {
  [HEADER.correlationId]: 'c-1',
  [HEADER.replyTopic]: 'caller.replies',
  [HEADER.endpoint]: '/show-me-the-money',
};
const OURS: RawHeaders = { ...FOREIGN, [HEADER.version]: '1', [HEADER.kind]: 'request' };

const entries = (raw: RawHeaders): HeaderEntry[] =>
  Object.entries(raw).map(([name, value]) => [name, Buffer.from(value as string)]);

const decode = (raw: RawHeaders) => decodeRequest({ value: null, headers: entries(raw) });

function without(raw: RawHeaders, ...names: string[]): RawHeaders {
  return Object.fromEntries(Object.entries(raw).filter(([name]) => !names.includes(name)));
}

function errorOf(raw: RawHeaders): DecodeError {
  try {
    decode(raw);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return error as DecodeError;
  }
  throw new Error('it was decoded');
}

const anyRequest: fc.Arbitrary<OutgoingRequest> = fc.record(
  {
    kind: fc.constant('request' as const),
    correlationId: text,
    endpoint: text.filter((endpoint) => endpoint !== ''),
    replyTo: fc.record(
      {
        topic: fc
          .stringMatching(/^[a-zA-Z0-9._-]{1,249}$/)
          .filter((topic) => topic !== '.' && topic !== '..'),
        partition: fc.nat({ max: 999_999_999 }),
        state: bytes,
      },
      { requiredKeys: ['topic'] },
    ),
    source: text,
    timeoutMs: count,
    acceptsFrames: fc.boolean(),
    headers: foreignHeaders,
    payload,
  },
  { requiredKeys: ['kind', 'correlationId', 'endpoint', 'replyTo', 'source', 'headers', 'payload'] },
);

const comparable = ({ headers, ...rest }: IncomingRequest) => ({ ...rest, headers: [...headers] });

describe('the request codec', () => {
  it('brings every request back as it was', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        expect(comparable(decodeRequest(encodeRequest(request)))).toEqual({
          timeoutMs: undefined,
          acceptsFrames: false,
          ...request,
          correlationId: Buffer.from(request.correlationId),
        });
      }),
    );
  });

  it('brings every one-way call back as it was', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const oneWay = { ...request, kind: 'one-way' as const, replyTo: undefined };
        expect(decodeRequest(encodeRequest(oneWay))).toMatchObject({ kind: 'one-way', replyTo: undefined });
      }),
    );
  });

  it('keeps the bytes of a correlation id', () => {
    fc.assert(
      fc.property(bytes, (correlationId) => {
        expect(decode({ ...OURS, [HEADER.correlationId]: correlationId }).correlationId).toEqual(
          correlationId,
        );
      }),
    );
  });

  it('writes nothing for what is not said', () => {
    const request = { kind: 'one-way', correlationId: 'c', endpoint: '/e', source: 's/i' } as const;
    const { headers, value } = encodeRequest({ ...request, headers: [], payload: { bytes: null } });
    expect(value).toBeNull();
    expect(headers.map(([name]) => name)).toEqual([
      HEADER.correlationId,
      HEADER.version,
      HEADER.kind,
      HEADER.endpoint,
      HEADER.source,
    ]);
  });

  it.each([
    ['frames', true],
    ['later, frames', true],
    ['', false],
    ['frameset,no frames', false],
  ])('reads from ac-accept %j whether frames are accepted: %j', (accept, acceptsFrames) => {
    expect(decode({ ...OURS, [HEADER.accept]: accept }).acceptsFrames).toBe(acceptsFrames);
  });

  it('hands the headers that are not its own to the user, and only those', () => {
    const { headers } = decode({ ...OURS, traceparent: '00', 'ac-later': 'x', kafka_other: 'y' });
    expect([...headers].map(([name]) => name)).toEqual(['traceparent', 'ac-later', 'kafka_other']);
  });

  it('takes the first of a repeated header of its own', () => {
    const repeated: HeaderEntry[] = [...entries(OURS), [HEADER.endpoint, Buffer.from('/other')]];
    expect(decodeRequest({ value: null, headers: repeated }).endpoint).toBe('/show-me-the-money');
  });
});

describe('a request of a foreign caller', () => {
  it('is a request where it has a reply topic', () => {
    expect(decode(FOREIGN)).toMatchObject({
      kind: 'request',
      correlationId: Buffer.from('c-1'),
      endpoint: '/show-me-the-money',
      replyTo: { topic: 'caller.replies' },
      source: undefined,
      timeoutMs: undefined,
    });
  });

  it('is one-way where it has no reply topic, with or without a correlation id', () => {
    const oneWay = without(FOREIGN, HEADER.replyTopic);
    expect(decode(oneWay)).toMatchObject({ kind: 'one-way', correlationId: Buffer.from('c-1') });
    const bare = decode(without(oneWay, HEADER.correlationId));
    expect(bare).toMatchObject({ kind: 'one-way', correlationId: Buffer.alloc(0), replyTo: undefined });
  });

  it.each([
    ['decimal text', '7', 7],
    ['decimal text of four digits', '1234', 1234],
    ["Spring's four bytes", Buffer.from([0, 0, 1, 2]), 258],
    ["Spring's four bytes for 0", Buffer.alloc(4), 0],
  ])('may name its partition by %s', (_, partition, expected) => {
    expect(decode({ ...FOREIGN, [HEADER.replyPartition]: partition }).replyTo?.partition).toBe(expected);
  });

  it.each([
    ['text', 'seven'],
    ['a negative number', '-1'],
    ['four bytes of a negative number', Buffer.from([255, 255, 255, 255])],
    ['nothing', ''],
    ['eight bytes', Buffer.alloc(8)],
    ['more than a partition number can be', '99999999999'],
  ])('cannot name its partition by %s', (_, partition) => {
    expect(errorOf({ ...FOREIGN, [HEADER.replyPartition]: partition }).message).toContain(
      'not a partition number',
    );
  });

  it('cannot be answered without a correlation id, and names what is missing', () => {
    const error = errorOf(without(FOREIGN, HEADER.correlationId));
    expect(error).toMatchObject({ code: 'protocol-error', answerable: undefined });
    expect(error.message).toContain(`${HEADER.correlationId} is missing`);
  });
});

describe('a request that cannot be read', () => {
  const answerable = { correlationId: Buffer.from('c-1'), replyTo: { topic: 'caller.replies' } };

  it.each<[string, RawHeaders, string]>([
    ['another version', { ...OURS, [HEADER.version]: '2' }, 'this service reads version 1'],
    ['an empty version', { ...OURS, [HEADER.version]: '' }, 'this service reads version 1'],
    ['an unknown kind', { ...OURS, [HEADER.kind]: 'shout' }, 'ac-kind is "shout"'],
    ["a response's kind", { ...OURS, [HEADER.kind]: 'next' }, 'ac-kind is "next"'],
    ['no endpoint', without(OURS, HEADER.endpoint), 'ac-endpoint is missing'],
    ['an empty endpoint', { ...OURS, [HEADER.endpoint]: '' }, 'ac-endpoint is missing'],
    ['a negative timeout', { ...OURS, [HEADER.timeoutMs]: '-1' }, 'ac-timeout-ms is not a whole number'],
    ['a fractional timeout', { ...OURS, [HEADER.timeoutMs]: '1.5' }, 'ac-timeout-ms is not a whole number'],
  ])('for %s tells whom to answer and why', (_, raw, message) => {
    const error = errorOf(raw);
    expect(error).toMatchObject({ code: 'bad-request', statusCode: 400, answerable });
    expect(error.message).toContain(message);
  });

  it('names the missing reply topic of a request', () => {
    const error = errorOf(without(OURS, HEADER.replyTopic));
    expect(error.message).toContain(`${HEADER.replyTopic} is missing`);
  });

  it('throws nothing but a DecodeError, whatever the record', () => {
    fc.assert(
      fc.property(strangeHeaders, fc.option(bytes), (headers, value) => {
        try {
          decodeRequest({ value, headers });
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('can be huge', () => {
    const huge = Buffer.alloc(1_000_000, '9');
    for (const name of Object.values(HEADER)) {
      const headers: HeaderEntry[] = [[name, huge], ...entries(OURS)];
      try {
        decodeRequest({ value: huge, headers });
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }
  });

  it.each(['no topic/ has this', 'x'.repeat(250), '\u0000', '.', '..'])(
    'sends no answer to %j, which names no topic',
    (topic) => {
      const error = errorOf({ ...FOREIGN, kafka_replyTopic: topic });
      expect(error.answerable).toBeUndefined();
      expect(error.message.length).toBeLessThan(1_000);
    },
  );

  it('sends no answer that would have to bear more state than 8,192 bytes', () => {
    const ofBytes = (length: number) => ({ ...FOREIGN, [HEADER.state]: Buffer.alloc(length) });
    expect(decode(ofBytes(8_192)).replyTo?.state).toHaveLength(8_192);
    const error = errorOf(ofBytes(8_193));
    expect(error.answerable).toBeUndefined();
    expect(error.message).toContain('ac-state has 8193 bytes');
  });

  it('sends no answer to the topic of requests, where it would be read as one', () => {
    const record = { value: null, headers: entries({ ...FOREIGN, kafka_replyTopic: 'a.requests' }) };
    expect(() => decodeRequest(record, 'a.requests')).toThrow('is the topic of requests');
    expect(decodeRequest(record, 'b.requests').replyTo?.topic).toBe('a.requests');
  });
});
