import type { ConsumerRecord } from '../broker/record.js';
import type { AttemptDelivery } from '../delivery/delivery.js';
import type { MessageHeaders } from '../protocol/message-headers.js';
import { HandlerContext } from './handler-context.js';

/** What every handler may know of the message it is called for, beside its data. */
export abstract class MessageContext extends HandlerContext<[ConsumerRecord]> {
  /** The sender's own headers. */
  readonly headers: MessageHeaders;
  /** The partition key as text; `undefined` if the message has none. */
  readonly key: string | undefined;
  /**
   * Which attempt at the message this is since its partition came to this instance, from 1: greater if an earlier one
   * has failed or could not be answered.
   */
  readonly attempt: number;
  /** The record as the broker stored it: its place, time and bytes. */
  readonly record: ConsumerRecord;

  constructor({ request, record, attempt, cutoff }: AttemptDelivery) {
    super([record], cutoff);
    this.headers = request.headers;
    this.key = record.key?.toString('utf8');
    this.attempt = attempt;
    this.record = record;
  }
}
