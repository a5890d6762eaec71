import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import { codeOfStatus, isErrorCode, isErrorStatus } from '../errors/error-code.js';

/** A handler's failure, as the caller gets it and as this service sees it. */
export interface MappedError {
  readonly error: AsyncCallError;
  /** The handler did not choose this error for its caller: it belongs into the service's log. */
  readonly unexpected: boolean;
}

/**
 * What the caller gets for whatever a handler, guard, pipe, interceptor or filter has thrown.
 *
 * - an {@link AsyncCallError}: as it is
 * - a Nest HttpException: the same status, its response as details
 * - a Nest RpcException: its error; with a `statusCode` or `status` in it, that status
 * - an object that is no Error, with a `statusCode` or `status` from 400 to 599, as filters throw them: that status
 * - anything else: `internal`, without its message and details, which may not be meant for others. The errors of
 *   other libraries are among these also if they have a status: it tells what came of *their* request.
 */
export function mapError(thrown: unknown): MappedError {
  try {
    const mapped = mappingOf(thrown);
    if (isSound(mapped.error)) return mapped;
  } catch {
    // A getter or a proxy's trap has thrown: nothing can be learnt of it.
  }
  return unexpected(thrown);
}

/** Whether it can be sent: a handler's own error may have been changed, or have getters. */
function isSound({ message, statusCode, code }: AsyncCallError): boolean {
  return typeof message === 'string' && isErrorStatus(statusCode) && isErrorCode(code);
}

function mappingOf(thrown: unknown): MappedError {
  if (thrown instanceof AsyncCallError) return { error: thrown, unexpected: false };
  if (isHttpException(thrown)) return expected(ofHttpException(thrown));
  if (isRpcException(thrown)) return expected(ofRpcException(thrown));
  const status = thrown instanceof Error ? undefined : statusOf(thrown);
  if (status !== undefined) return expected(ofObject(thrown as object, status));
  return unexpected(thrown);
}

function unexpected(thrown: unknown): MappedError {
  const error = new AsyncCallError('internal', 'Internal server error', { cause: thrown });
  return { error, unexpected: true };
}

function expected(error: AsyncCallError): MappedError {
  return { error, unexpected: false };
}

// Told by their shape: an application may have another copy of Nest than this library.
interface HttpExceptionLike extends Error {
  getStatus(): unknown;
  getResponse(): unknown;
}

function isHttpException(thrown: unknown): thrown is HttpExceptionLike {
  return thrown instanceof Error && hasMethod(thrown, 'getStatus') && hasMethod(thrown, 'getResponse');
}

function ofHttpException(exception: HttpExceptionLike): AsyncCallError {
  const status = exception.getStatus();
  const statusCode = isErrorStatus(status) ? status : 500;
  const response = exception.getResponse();
  return new AsyncCallError(codeOfStatus(statusCode), exception.message, {
    statusCode,
    details: saysMore(response, exception.message) ? response : undefined,
    cause: exception,
  });
}

/** Nest's own `{ statusCode, message, error }` says nothing that the error does not say itself. */
function saysMore(response: unknown, message: string): boolean {
  if (typeof response !== 'object' || response === null) return false;
  return Object.entries(response).some(([name, value]) =>
    name === 'message' ? value !== message : name !== 'statusCode' && name !== 'error',
  );
}

interface RpcExceptionLike extends Error {
  getError(): unknown;
}

/** What Nest throws, as an RpcException, when a guard says no. */
const FORBIDDEN = 'Forbidden resource';

function isRpcException(thrown: unknown): thrown is RpcExceptionLike {
  return thrown instanceof Error && hasMethod(thrown, 'getError');
}

function ofRpcException(exception: RpcExceptionLike): AsyncCallError {
  const error = exception.getError();
  if (error === FORBIDDEN) return new AsyncCallError('forbidden', FORBIDDEN, { cause: exception });
  if (typeof error === 'object' && error !== null) return ofObject(error, statusOf(error) ?? 500);
  return new AsyncCallError('internal', messageOf(error), { cause: exception });
}

function ofObject(error: object, statusCode: number): AsyncCallError {
  const { message } = error as { readonly message?: unknown };
  const code = codeOfStatus(statusCode);
  const text = typeof message === 'string' ? message : code;
  const details = saysMore(error, text) ? error : undefined;
  return new AsyncCallError(code, text, { statusCode, details, cause: error });
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { statusCode, status } = error as { readonly statusCode?: unknown; readonly status?: unknown };
  return [statusCode, status].find(isErrorStatus);
}

function hasMethod(value: object, name: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>>)[name] === 'function';
}
