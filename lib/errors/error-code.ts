/**
 * Every code an {@link AsyncCallError} can carry, with the HTTP status it stands for. The set is
 * closed: a caller can switch over it, and a program in another language can list it.
 */
export const ERROR_STATUS = {
  /** The request cannot be understood or did not pass validation. */
  'bad-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  /** The encoded request or response exceeds what the broker accepts. */
  'payload-too-large': 413,
  unprocessable: 422,
  'too-many-requests': 429,
  /** Any other 4xx; `statusCode` says which. */
  'client-error': 400,
  /** The caller went away before the end. */
  cancelled: 499,
  /** The endpoint failed in a way it did not describe. */
  internal: 500,
  /** Any other 5xx; `statusCode` says which. */
  'server-error': 500,
  /** The service runs, but has no endpoint of that name. */
  'unknown-endpoint': 501,
  /** No service of that name has ever started on this broker. */
  'unknown-service': 502,
  /** What came back does not follow the wire protocol, or its contract. */
  'protocol-error': 502,
  /** The broker cannot be reached, or has no leader for a partition. */
  unavailable: 503,
  /** This client or server was closed. */
  closed: 503,
  /** A limit of this process is reached: too many calls are pending, or too many responses wait to be sent. */
  overloaded: 503,
  /** The instance that answered went away in mid-stream, and the caller did not want to go on with another one. */
  interrupted: 503,
  /** No end of the stream within the call's timeout. */
  timeout: 504,
  /** A topic does not exist and may not be created. */
  'unknown-topic': 503,
  /** The broker refused the credentials of this client, or this client the broker's certificate. */
  'authentication-failed': 500,
  /** The broker's ACLs forbid the operation. */
  'authorization-failed': 500,
  /** The partition now belongs to another member of the group. */
  fenced: 503,
  /** An option or argument is wrong; the message says which and what to write instead. */
  'invalid-argument': 500,
} as const;

/** One of the closed set of error codes. */
export type ErrorCode = keyof typeof ERROR_STATUS;

const CODE_OF_STATUS: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [400, 'bad-request'],
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'not-found'],
  [409, 'conflict'],
  [413, 'payload-too-large'],
  [422, 'unprocessable'],
  [429, 'too-many-requests'],
  [499, 'cancelled'],
  [500, 'internal'],
  [501, 'unknown-endpoint'],
  [503, 'unavailable'],
  [504, 'timeout'],
]);

/** Whether `value` is one of the closed set of error codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_STATUS, value);
}

/** Whether `value` is a status that an error can have: an integer from 400 to 599. */
export function isErrorStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599;
}

/** The code for an HTTP status; a status without a code of its own falls into its class's. */
export function codeOfStatus(statusCode: number): ErrorCode {
  return CODE_OF_STATUS.get(statusCode) ?? (statusCode < 500 ? 'client-error' : 'server-error');
}
