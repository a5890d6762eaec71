import { describe, expect, it } from '@jest/globals';
import type { CallOptions } from '../../../lib/client/call-options.js';
import { handlersAddress } from '../../../lib/client/handled-call.js';
import { decodeAnsweredCall } from '../../../lib/protocol/response-state.js';

const ADDRESS = { service: 'bank', endpoint: '/pay' };
const addressOf = (kind: 'request' | 'one-way', options: CallOptions) =>
  handlersAddress(kind, options, ADDRESS, 'shop.responses');

describe('the address of handlers', () => {
  it('is the topic of responses, any partition, with the call and its state', () => {
    const { topic, partition, state } = addressOf('one-way', { responses: 'handlers', state: [7] })!;
    expect([topic, partition]).toEqual(['shop.responses', undefined]);
    expect(decodeAnsweredCall(state)).toEqual({ ...ADDRESS, state: [7] });
  });

  it.each(['request', 'one-way'] as const)('is none for any other call (%s)', (kind) => {
    expect(addressOf(kind, { key: 'a', responses: undefined, state: undefined })).toBeUndefined();
  });

  it('is refused to calls that wait for their responses themselves', () => {
    expect(() => addressOf('request', { responses: 'handlers' })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('emit(data)') }),
    );
  });

  it.each(['request', 'one-way'] as const)('is what a state needs (%s)', (kind) => {
    for (const state of [null, 0, {}])
      expect(() => addressOf(kind, { state })).toThrow(
        expect.objectContaining({
          code: 'invalid-argument',
          message: "state: only a handler gets it. Add responses: 'handlers', or leave it out.",
        }),
      );
  });
});
