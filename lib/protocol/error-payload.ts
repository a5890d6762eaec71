import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import { codeOfStatus, ERROR_STATUS, isErrorCode, isErrorStatus } from '../errors/error-code.js';
import { DecodeError } from './decode-error.js';
import { parseJsonWithoutPrototypes } from './parse-json.js';

/** The bytes of an `error` frame: `{ statusCode, code, message, details? }`, never a stack. */
export function encodeErrorPayload(error: AsyncCallError): Buffer {
  const { statusCode, code, message, details } = error;
  return Buffer.from(toJson({ statusCode, code, message, details }), 'utf8');
}

/** Details that cannot be serialized must not cost the caller the error itself. */
function toJson(payload: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(payload);
  } catch (error) {
    return JSON.stringify({ ...payload, details: `not serializable: ${messageOf(error)}` });
  }
}

/**
 * The error that the bytes of an `error` frame stand for. A code from outside the closed set (of a newer
 * version, say) becomes the one of its status. Throws only {@link DecodeError}.
 */
export function decodeErrorPayload(bytes: Buffer | null): AsyncCallError {
  const { statusCode, code, message, details } = parse(bytes);
  if (!isErrorCode(code) && !isErrorStatus(statusCode)) {
    throw new DecodeError('The error frame has neither a known "code" nor a "statusCode" from 400 to 599.');
  }
  const known = isErrorCode(code) ? code : codeOfStatus(statusCode as number);
  return new AsyncCallError(known, typeof message === 'string' ? message : known, {
    statusCode: isErrorStatus(statusCode) ? statusCode : ERROR_STATUS[known],
    details,
  });
}

function parse(bytes: Buffer | null): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = parseJsonWithoutPrototypes(bytes ?? Buffer.alloc(0));
  } catch (error) {
    throw new DecodeError(`The error frame is not JSON: ${messageOf(error)}`, undefined, { cause: error });
  }
  if (typeof parsed !== 'object' || parsed === null)
    throw new DecodeError('The error frame is not an object.');
  return parsed as Readonly<Record<string, unknown>>;
}
