import { HEADER } from '../header-names.js';
import { type HeaderEntry, MessageHeaders } from '../message-headers.js';
import { type FrameBody, frameOf, type IncomingResponse, type ResponseHead } from '../response.js';
import { headerOf, type KeyedRecord, type WireRecord } from '../wire-record.js';
import { decodeNestError, encodeNestError } from './nest-error.js';
import { NEST_HEADER } from './nest-header.js';
import type { NestPayload } from './nest-value.js';

const IS_DISPOSED: HeaderEntry = [NEST_HEADER.isDisposed, Buffer.alloc(1)];

/**
 * The record of a response as Nest's own server writes it. A value that is the end is marked so; an end by itself is a
 * record without value, which Nest's client takes for one more value, `null`.
 */
export function encodeNestResponse(
  { correlationId }: Pick<ResponseHead, 'correlationId'>,
  body: FrameBody,
): KeyedRecord {
  const correlation: HeaderEntry = [HEADER.correlationId, correlationId];
  if (body.kind === 'error') {
    const error: HeaderEntry = [NEST_HEADER.error, encodeNestError(body.error)];
    return { key: null, value: null, headers: [correlation, error, IS_DISPOSED] };
  }
  const { bytes, key = null, headers = [] }: NestPayload = frameOf(body).payload;
  const end = body.kind === 'next' ? [] : [IS_DISPOSED];
  return { key, value: bytes, headers: [...headers, correlation, ...end] };
}

/**
 * Reads the responses to one request, in the order they come. Nest's form says neither their places nor which delivery
 * they are of: each counts as the next one. An end without value, behind values, is an end alone; as the only response it
 * is the value `null`, which is what a handler that returns nothing is answered with.
 */
export class NestResponseReader {
  private seq = 0;

  read(record: WireRecord): readonly IncomingResponse[] {
    const head = {
      id: '',
      seq: this.seq,
      epoch: 0,
      attempt: 1,
      source: undefined,
      headers: MessageHeaders.ofRecord(record.headers),
    };
    return [Object.assign(head, this.bodyOf(record))];
  }

  private bodyOf(record: WireRecord): FrameBody {
    const error = headerOf(record, NEST_HEADER.error);
    if (error) return { kind: 'error', error: decodeNestError(error) };
    const isLast = headerOf(record, NEST_HEADER.isDisposed) !== undefined;
    if (isLast && record.value === null && this.seq > 0) return { kind: 'complete' };
    this.seq += 1;
    return { kind: isLast ? 'last' : 'next', payload: { bytes: record.value } };
  }
}
