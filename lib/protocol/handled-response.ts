import { DecodeError } from './decode-error.js';
import { HEADER } from './header-names.js';
import type { IncomingRequest } from './request.js';
import { correlationIdOf, decodeResponse, type IncomingResponse } from './response.js';
import { type AnsweredCall, decodeAnsweredCall } from './response-state.js';
import { headerOf, type WireRecord } from './wire-record.js';

/** A response that comes to a handler: a message that wants no answer. */
export interface HandledResponse extends IncomingRequest {
  /** `service/endpoint` of the call that it answers. */
  readonly endpoint: string;
  readonly call: AnsweredCall;
  readonly response: IncomingResponse;
}

const NO_PAYLOAD = { bytes: null };

/** Reads a record of a topic of responses. Throws only {@link DecodeError}. */
export function decodeHandledResponse(record: WireRecord): HandledResponse {
  const correlationId = correlationIdOf(record);
  if (!correlationId?.length) {
    throw new DecodeError(`The header ${HEADER.correlationId} of the response is missing.`);
  }
  return handledResponse(correlationId, answeredCallOf(record), decodeResponse(record));
}

/** The call that a record answers, without reading the rest. Throws only {@link DecodeError}. */
export function answeredCallOf(record: WireRecord): AnsweredCall {
  return decodeAnsweredCall(headerOf(record, HEADER.state));
}

/** What is left of a response of the kind `last` without its value: the end of the stream. */
export function withoutValue({ correlationId, call, response }: HandledResponse): HandledResponse {
  const { id, seq, epoch, attempt, source, headers } = response;
  const end = { kind: 'complete', id, seq: seq + 1, epoch, attempt, source, headers } as const;
  return handledResponse(correlationId, call, end);
}

/** `service/endpoint`. */
export function nameOfCall({ service, endpoint }: Pick<AnsweredCall, 'service' | 'endpoint'>): string {
  return `${service}${endpoint}`;
}

function handledResponse(
  correlationId: Buffer,
  call: AnsweredCall,
  response: IncomingResponse,
): HandledResponse {
  return {
    kind: 'one-way',
    correlationId,
    endpoint: nameOfCall(call),
    call,
    response,
    replyTo: undefined,
    source: response.source,
    timeoutMs: undefined,
    acceptsFrames: false,
    headers: response.headers,
    payload: 'payload' in response ? response.payload : NO_PAYLOAD,
  };
}
