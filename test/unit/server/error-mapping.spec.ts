import {
  BadRequestException,
  HttpException,
  InternalServerErrorException,
  NotFoundException,
} from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { describe, expect, it } from '@jest/globals';
import { AsyncCallError } from '../../../lib/errors/async-call-error.js';
import { encodeErrorPayload } from '../../../lib/protocol/error-payload.js';
import { mapError } from '../../../lib/server/error-mapping.js';

/** The error that the caller gets, as plain values; it must have been meant for the caller. */
function expected(thrown: unknown) {
  const { error, unexpected } = mapError(thrown);
  expect(unexpected).toBe(false);
  const { code, statusCode, message, details } = error;
  return { code, statusCode, message, details };
}

/** What the caller may not learn stays here. */
function expectHidden(thrown: unknown): void {
  const { error, unexpected } = mapError(thrown);
  expect(unexpected).toBe(true);
  expect(error).toMatchObject({ code: 'internal', statusCode: 500, message: 'Internal server error' });
  expect(error.details).toBeUndefined();
  expect(error.cause).toBe(thrown);
}

describe('mapError', () => {
  it('leaves an AsyncCallError as it is', () => {
    const error = new AsyncCallError('conflict', 'taken');
    expect(mapError(error)).toEqual({ error, unexpected: false });
    expect(mapError(error).error).toBe(error);
  });

  it.each([
    [new NotFoundException(), 'not-found', 404, 'Not Found'],
    [new NotFoundException('no money'), 'not-found', 404, 'no money'],
    [new HttpException('teapot', 418), 'client-error', 418, 'teapot'],
    [new HttpException('full', 507), 'server-error', 507, 'full'],
    [new InternalServerErrorException('on purpose'), 'internal', 500, 'on purpose'],
    [new HttpException('moved', 301), 'internal', 500, 'moved'],
  ])('keeps the status of %p', (exception, code, statusCode, message) => {
    expect(expected(exception)).toEqual({ code, statusCode, message, details: undefined });
  });

  it("takes the ValidationPipe's list of faults along", () => {
    const exception = new BadRequestException(['amount must be positive', 'currency must be a string']);
    expect(expected(exception)).toMatchObject({
      code: 'bad-request',
      details: { message: ['amount must be positive', 'currency must be a string'] },
    });
  });

  it('takes an object of the user along', () => {
    const body = { reason: 'limit', limit: 10 };
    expect(expected(new HttpException(body, 429))).toMatchObject({
      code: 'too-many-requests',
      details: body,
    });
    expect(expected(new HttpException({ message: 'm', limit: 10 }, 429))).toMatchObject({
      message: 'm',
      details: { message: 'm', limit: 10 },
    });
  });

  it('knows an HttpException of another copy of Nest', () => {
    const foreign = Object.assign(new Error('gone'), { getStatus: () => 410, getResponse: () => 'gone' });
    expect(expected(foreign)).toMatchObject({ code: 'client-error', statusCode: 410, message: 'gone' });
  });

  it.each([
    [new RpcException('no'), 'internal', 500, 'no'],
    [new RpcException({ statusCode: 404, message: 'no money' }), 'not-found', 404, 'no money'],
    [new RpcException({ status: 409, message: 'taken' }), 'conflict', 409, 'taken'],
    [new RpcException({ status: 'error', message: 'no' }), 'internal', 500, 'no'],
    [new RpcException({ statusCode: 404 }), 'not-found', 404, 'not-found'],
    [new RpcException('Forbidden resource'), 'forbidden', 403, 'Forbidden resource'],
  ])('understands %p', (exception, code, statusCode, message) => {
    expect(expected(exception)).toMatchObject({ code, statusCode, message });
  });

  it('takes what else an RpcException holds along', () => {
    const error = { statusCode: 404, message: 'no money', account: 7 };
    expect(expected(new RpcException(error)).details).toEqual(error);
    expect(expected(new RpcException({ statusCode: 404, message: 'no money' })).details).toBeUndefined();
  });

  it('understands objects with a status, as filters return them', () => {
    expect(expected({ statusCode: 404, message: 'no money', error: 'Not Found' })).toEqual({
      code: 'not-found',
      statusCode: 404,
      message: 'no money',
      details: undefined,
    });
    expect(expected({ status: 422, faults: ['a'] })).toMatchObject({
      code: 'unprocessable',
      message: 'unprocessable',
      details: { status: 422, faults: ['a'] },
    });
  });

  it.each([
    [new Error('password 1234')],
    [new TypeError('x is undefined')],
    ['text'],
    [undefined],
    [null],
    [42],
    [{}],
    [{ status: 200 }],
    [{ statusCode: '404' }],
    [{ status: 'error', message: 'Internal server error' }],
  ])('hides %p', (thrown) => {
    expectHidden(thrown);
  });

  it('sends nothing of an error of another library but its message', () => {
    const config = { headers: { authorization: 'Bearer secret' } };
    const thrown = Object.assign(new Error('Request failed with status code 404'), { status: 404, config });
    expect(encodeErrorPayload(mapError(thrown).error).toString()).not.toContain('secret');
  });

  it('keeps what was thrown as the cause', () => {
    const thrown = new NotFoundException();
    expect(mapError(thrown).error.cause).toBe(thrown);
    const object = { statusCode: 404 };
    expect(mapError(object).error.cause).toBe(object);
  });
});
