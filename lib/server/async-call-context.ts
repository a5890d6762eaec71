import { BaseRpcContext } from '@nestjs/microservices';
import type { ConsumerRecord } from '../broker/record.js';
import type { Cutoff } from '../delivery/cutoff.js';
import { deadlineOf } from '../delivery/delivery.js';
import type { MessageHeaders } from '../protocol/message-headers.js';
import type { IncomingRequest } from '../protocol/request.js';
import { type MessageSource, parseSource } from '../protocol/source.js';

/** Who sent a request. */
export type Caller = MessageSource;

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
  /**
   * Which attempt at the request this is since its partition came to this instance, from 1: greater if an earlier one
   * has failed or could not be answered.
   */
  readonly attempt: number;
  /** When the caller stops waiting; `undefined` if it waits for ever. By the broker's clock or the caller's. */
  readonly deadline: Date | undefined;
  /** Whether nobody waits for responses. What the handler emits then goes nowhere. */
  readonly oneWay: boolean;
  /** The record as the broker stored it: its place, time and bytes. */
  readonly record: ConsumerRecord;

  constructor(
    request: IncomingRequest,
    record: ConsumerRecord,
    attempt: number,
    private readonly cutoff: Cutoff,
  ) {
    super([record]);
    this.requestId = request.correlationId.toString('utf8');
    this.endpoint = request.endpoint;
    this.caller = parseSource(request.source);
    this.headers = request.headers;
    this.key = record.key?.toString('utf8');
    this.attempt = attempt;
    this.deadline = request.timeoutMs === undefined ? undefined : new Date(deadlineOf({ request, record }));
    this.oneWay = request.kind === 'one-way';
    this.record = record;
  }

  /**
   * Aborts when the result is no longer wanted here: the caller has given up or does not wait any more, the handler has
   * taken too long, or this instance shuts down or has lost the partition.
   */
  get signal(): AbortSignal {
    return this.cutoff.signal;
  }
}
