import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { NO_MESSAGE_HANDLER } from '@nestjs/microservices/constants.js';
import fc from 'fast-check';
import { AsyncCallError } from '../../../../lib/errors/async-call-error.js';
import { ERROR_STATUS, type ErrorCode } from '../../../../lib/errors/error-code.js';
import { decodeNestError, encodeNestError } from '../../../../lib/protocol/nest/nest-error.js';

const encoded = (error: AsyncCallError) => JSON.parse(encodeNestError(error).toString()) as unknown;
const decoded = (said: unknown) => decodeNestError(Buffer.from(JSON.stringify(said)));

describe('an error in the form of Nest', () => {
  it('says what its own filter says, and status and code', () => {
    expect(encoded(new AsyncCallError('not-found', 'There is none'))).toEqual({
      status: 'error',
      message: 'There is none',
      statusCode: 404,
      code: 'not-found',
    });
  });

  it("has the properties that an RpcException's object has", () => {
    const details = { status: 404, message: 'There is none', code: 'E-17', account: 7 };
    expect(encoded(new AsyncCallError('not-found', 'There is none', { details }))).toMatchObject(details);
  });

  it('does without details that cannot be sent', () => {
    const details = { amount: 1n };
    expect(encoded(new AsyncCallError('internal', 'No', { details }))).toEqual({
      status: 'error',
      message: 'No',
      statusCode: 500,
      code: 'internal',
    });
  });

  it('comes back as it was', () => {
    const codes = Object.keys(ERROR_STATUS) as ErrorCode[];
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.string(), (code, message) => {
        const { statusCode, details, ...error } = decodeNestError(
          encodeNestError(new AsyncCallError(code, message)),
        );
        expect({ ...error, statusCode, details }).toMatchObject({ code, statusCode: ERROR_STATUS[code] });
        expect(details).toBeUndefined();
      }),
    );
  });

  it.each([
    [
      { status: 'error', message: 'Internal server error' },
      'internal',
      500,
      'Internal server error',
      undefined,
    ],
    [{ statusCode: 404, message: 'None' }, 'not-found', 404, 'None', undefined],
    [{ status: 409, message: 'Taken', by: 'Ann' }, 'conflict', 409, 'Taken', 'all'],
    [{ code: 'timeout', message: 'Mine' }, 'internal', 500, 'Mine', undefined],
    [{ code: 'E-17', message: 'Mine' }, 'internal', 500, 'Mine', 'all'],
    [{ message: ['a', 'b'], statusCode: 400 }, 'bad-request', 400, 'bad-request', 'all'],
    [NO_MESSAGE_HANDLER, 'internal', 500, `"${NO_MESSAGE_HANDLER}"`, undefined],
    [['a', 'b'], 'internal', 500, '["a","b"]', undefined],
  ])('of Nest, %j, is understood', (said, code, statusCode, message, details) => {
    const error = decoded(said);
    expect(error).toMatchObject({ code, statusCode, message });
    expect(error.details).toEqual(details === 'all' ? said : undefined);
  });

  it('may be text', () => {
    expect(decodeNestError(Buffer.from('No account'))).toMatchObject({
      code: 'internal',
      message: 'No account',
    });
    expect(decodeNestError(Buffer.from(NO_MESSAGE_HANDLER))).toMatchObject({ code: 'unknown-endpoint' });
  });
});
