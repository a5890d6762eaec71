import { BaseRpcContext } from '@nestjs/microservices';
import type { ConsumerRecord } from '../broker/record.js';
import { deadlineOf } from '../delivery/delivery.js';
import type { MessageHeaders } from '../protocol/message-headers.js';
import type { IncomingRequest } from '../protocol/request.js';

/** Who sent a request. */
export interface Caller {
  readonly service: string;
  /** Tells the instances of a service apart; chosen anew at each start. */
  readonly instance: string;
}

/** What a handler may know of the request it serves, beside its data. Get it by Nest's `@Ctx()`. */
export class AsyncCallContext extends BaseRpcContext<[ConsumerRecord]> {
  /** The request's id, chosen by the caller; the same for every delivery of the request. */
  readonly requestId: string;
  /** The endpoint's name, e.g. `/show-me-the-money`. */
  readonly endpoint: string;
  /** Who called; `undefined` if a foreign caller does not say. */
  readonly caller: Caller | undefined;
  /** The caller's own headers. */
  readonly headers: MessageHeaders;
  /** The partition key as text; `undefined` if the request has none. */
  readonly key: string | undefined;
  /** Which delivery of the request by this instance this is, from 1: greater if an earlier one could not be answered. */
  readonly attempt: number;
  /** When the caller stops waiting; `undefined` if it waits for ever. By the broker's clock or the caller's. */
  readonly deadline: Date | undefined;
  /** Whether nobody waits for responses. What the handler emits then goes nowhere. */
  readonly oneWay: boolean;
  /** Aborts when the result is no longer wanted here: this instance shuts down or has lost the partition. */
  readonly signal: AbortSignal;
  /** The record as the broker stored it: its place, time and bytes. */
  readonly record: ConsumerRecord;

  constructor(request: IncomingRequest, record: ConsumerRecord, attempt: number, signal: AbortSignal) {
    super([record]);
    this.requestId = request.correlationId.toString('utf8');
    this.endpoint = request.endpoint;
    this.caller = callerOf(request.source);
    this.headers = request.headers;
    this.key = record.key?.toString('utf8');
    this.attempt = attempt;
    this.deadline = request.timeoutMs === undefined ? undefined : new Date(deadlineOf({ request, record }));
    this.oneWay = request.kind === 'one-way';
    this.signal = signal;
    this.record = record;
  }
}

function callerOf(source: string | undefined): Caller | undefined {
  if (!source) return undefined;
  const [service = '', instance = ''] = source.split('/', 2);
  return { service, instance };
}
