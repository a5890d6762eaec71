import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cancelledRequestOf, encodeCancel } from '../../../lib/protocol/cancel.js';
import { DecodeError } from '../../../lib/protocol/decode-error.js';
import { encodeRequest, decodeRequest } from '../../../lib/protocol/request.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import { strangeHeaders } from './arbitraries.js';

const withoutHeader = (name: string) => {
  const { value, headers } = encodeCancel('q-1', 'bank/1');
  return { value, headers: headers.filter((header) => header[0] !== name) };
};

describe('a cancel', () => {
  it('names the request that it gives up', () => {
    expect(cancelledRequestOf(encodeCancel('q-1', 'bank/1'))).toEqual(Buffer.from('q-1'));
  });

  it('is no request, and a request is no cancel', () => {
    const payload = jsonSerializer.serialize(1);
    const request = {
      kind: 'one-way',
      correlationId: 'q-1',
      endpoint: '/a',
      source: 's/i',
      headers: [],
    } as const;

    expect(cancelledRequestOf(encodeRequest({ ...request, payload }))).toBeUndefined();
    expect(() => decodeRequest(encodeCancel('q-1', 'bank/1'))).toThrow(DecodeError);
  });

  it.each(['kafka_correlationId', 'ac-version'])(
    'without %s is left to the decoding, which refuses it',
    (name) => {
      expect(cancelledRequestOf(withoutHeader(name))).toBeUndefined();
      expect(() => decodeRequest(withoutHeader(name))).toThrow(
        'A "cancel" needs ac-version and kafka_correlationId.',
      );
    },
  );

  it('is looked for in any record without an error', () => {
    fc.assert(fc.property(strangeHeaders, (headers) => void cancelledRequestOf({ value: null, headers })));
  });
});
