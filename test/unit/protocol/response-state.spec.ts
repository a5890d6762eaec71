import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError } from '../../../lib/protocol/decode-error.js';
import { decodeAnsweredCall, encodeAnsweredCall } from '../../../lib/protocol/response-state.js';
import { bytes, text } from './arbitraries.js';

const CALL = { service: 'bank', endpoint: '/pay' };

describe('the state of a call whose responses go to handlers', () => {
  it('comes back as JSON has it', () => {
    const state = fc.jsonValue({ maxDepth: 2 }).filter((value) => JSON.stringify(value).length < 1_000);
    fc.assert(
      fc.property(text, text, fc.option(state, { nil: undefined }), (service, endpoint, value) => {
        const call = { service, endpoint, state: value };
        expect(decodeAnsweredCall(encodeAnsweredCall(call))).toEqual(JSON.parse(JSON.stringify(call)));
      }),
    );
  });

  it('may have 4,096 bytes, each letter counted as UTF-8 does', () => {
    const ofBytes = (count: number) => encodeAnsweredCall({ ...CALL, state: `é${'x'.repeat(count - 4)}` });
    expect(decodeAnsweredCall(ofBytes(4_096)).state).toHaveLength(4_093);
    expect(() => ofBytes(4_097)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringMatching(/^state: it has 4097 bytes as JSON; at most 4096 .* database/),
      }),
    );
  });

  it.each([[() => 1], [Symbol('s')], [Number.NaN], [-Infinity], [1n], [circle()]])(
    'may not be %p, which JSON cannot say',
    (state) => {
      expect(() => encodeAnsweredCall({ ...CALL, state })).toThrow(
        expect.objectContaining({
          code: 'invalid-argument',
          message: expect.stringMatching(/^state: [^]* Write a value that JSON can say\.$/),
        }),
      );
    },
  );

  it.each([
    '',
    '{',
    'null',
    '7',
    '[]',
    '{"service":"bank"}',
    '{"service":1,"endpoint":"/pay"}',
    '{"__proto__":{}}',
  ])('is none of ours if it is %j', (state) => {
    expect(() => decodeAnsweredCall(Buffer.from(state))).toThrow(DecodeError);
  });

  it('is read, or refused with a typed error, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          bytes,
          fc.json().map((json) => Buffer.from(json)),
        ),
        (state) => {
          try {
            decodeAnsweredCall(state);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        },
      ),
    );
    expect(() => decodeAnsweredCall(undefined)).toThrow('has no header ac-state');
  });
});

function circle(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}
