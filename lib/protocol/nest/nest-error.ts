import { AsyncCallError } from '../../errors/async-call-error.js';
import { codeOfStatus, type ErrorCode, isErrorCode, isErrorStatus } from '../../errors/error-code.js';
import { parseJsonWithoutPrototypes } from '../parse-json.js';
import { isPlainObject } from './plain-object.js';

/** What Nest's own server answers a request with that it has no handler for; it is the same for all transports. */
const NO_HANDLER = 'There is no matching message handler defined in the remote service.';

/**
 * The error as Nest's own clients know errors: `{ status: 'error', message }`, with `statusCode` and `code`, and with the
 * properties of its details, which are those of an RpcException's object; never a stack.
 */
export function encodeNestError({ message, statusCode, code, details }: AsyncCallError): Buffer {
  const own = isPlainObject(details) ? details : { details };
  const known = { status: 'error', message, statusCode, code };
  try {
    return Buffer.from(JSON.stringify({ ...known, ...own }), 'utf8');
  } catch {
    // Details that cannot be serialized must not cost the caller the error itself.
    return Buffer.from(JSON.stringify(known), 'utf8');
  }
}

/**
 * The error that a response of Nest's form stands for. One that says no status is `internal`, as an RpcException without
 * one is; what it says beside its message is its details. Does not throw.
 */
export function decodeNestError(bytes: Buffer): AsyncCallError {
  const text = bytes.toString('utf8');
  if (text === NO_HANDLER) return new AsyncCallError('unknown-endpoint', text);
  const said = objectOf(bytes);
  if (!said) return new AsyncCallError('internal', text);
  const { message } = said;
  const statusCode = statusOf(said);
  const code = codeOf(said, statusCode);
  const details = saysMore(said) ? said : undefined;
  return new AsyncCallError(code, typeof message === 'string' ? message : code, { statusCode, details });
}

type Said = Readonly<Record<string, unknown>>;

function objectOf(bytes: Buffer): Said | undefined {
  try {
    const parsed = parseJsonWithoutPrototypes(bytes);
    return isPlainObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function statusOf({ statusCode, status }: Said): number | undefined {
  return [statusCode, status].find(isErrorStatus);
}

/** A handler's own code, which may happen to be one of ours, is not believed without a status. */
function codeOf({ code }: Said, statusCode: number | undefined): ErrorCode {
  if (statusCode === undefined) return 'internal';
  return isErrorCode(code) ? code : codeOfStatus(statusCode);
}

/** The properties that are in the error already. */
const KNOWN: ReadonlySet<string> = new Set(['status', 'message', 'statusCode', 'code']);

function saysMore(said: Said): boolean {
  if (typeof said['message'] !== 'string' || ('code' in said && !isErrorCode(said['code']))) return true;
  return Object.keys(said).some((name) => !KNOWN.has(name));
}
