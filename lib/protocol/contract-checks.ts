import { AsyncCallError } from '../errors/async-call-error.js';
import { TerminalError } from '../errors/handler-errors.js';
import type { AnyEndpointContract } from './endpoint-contract.js';
import type { AnyEventContract } from './event-contract.js';
import { checkValue, type ValidationIssue } from './schema.js';

// Each returns what the schema makes of the value, or the value itself if there is no schema; a promise only if the
// schema is asynchronous. Each throws, or rejects with, an error whose `details` are the issues.

/** A request, at either end. One that does not follow its contract is the caller's fault: `bad-request`. */
export function checkRequest({ address, request }: AnyEndpointContract, data: unknown): unknown {
  if (!request) return data;
  return checkValue(request, data, (details) => {
    const message = breachOf(`The request of ${nameOf(address)}`, details);
    return new AsyncCallError('bad-request', message, { details });
  });
}

/**
 * A response before it is sent: returned as it was given, because the caller's schema takes that. One that does not
 * follow the contract is the service's fault, which another attempt does not mend: `internal`, terminal.
 */
export function checkOutgoingResponse({ address, response }: AnyEndpointContract, value: unknown): unknown {
  if (!response) return value;
  const checked = checkValue(response, value, (details) => {
    const message = breachOf(`A response of ${nameOf(address)}`, details);
    return new TerminalError(message, { code: 'internal', details });
  });
  return checked instanceof Promise ? checked.then(() => value) : value;
}

/** A response that came. The service does not follow the contract as this caller knows it: `protocol-error`. */
export function checkIncomingResponse({ address, response }: AnyEndpointContract, value: unknown): unknown {
  if (!response) return value;
  return checkValue(response, value, (details) => {
    const message = breachOf(`A response of ${nameOf(address)}`, details);
    return new AsyncCallError('protocol-error', message, { details });
  });
}

/** An event, at either end: `bad-request`. */
export function checkEvent({ name, type, schema }: AnyEventContract, value: unknown): unknown {
  if (!schema) return value;
  return checkValue(schema, value, (details) => {
    const message = breachOf(`The event ${type === undefined ? name : `${name} (${type})`}`, details);
    return new AsyncCallError('bad-request', message, { details });
  });
}

const LISTED = 3;
const MAX_LENGTH = 200;

function breachOf(what: string, issues: readonly ValidationIssue[]): string {
  const listed = issues.slice(0, LISTED).map(({ path, message }) => (path ? `${path}: ${message}` : message));
  const more = issues.length > LISTED ? `; ${issues.length - LISTED} more` : '';
  return `${what} does not follow its contract: ${listed.map(shortened).join('; ')}${more}.`;
}

/** It may quote a stranger's value. */
function shortened(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}…`;
}

function nameOf({ service, endpoint }: AnyEndpointContract['address']): string {
  return `${service}${endpoint}`;
}
