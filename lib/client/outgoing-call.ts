import { encodeNestRequest } from '../protocol/nest/nest-request.js';
import { encodeRequest, type OutgoingRequest } from '../protocol/request.js';
import type { ReplyAddress, ReplyPlace } from '../protocol/reply-address.js';
import type { WireRecord } from '../protocol/wire-record.js';
import type { Departure, DepartureKind } from './departure-queue.js';
import type { PendingCall } from './pending-call.js';

/** What is known of a request before it leaves. */
export interface PreparedRequest extends Omit<OutgoingRequest, 'replyTo' | 'timeoutMs'> {
  /** Where the responses go of a one-way call that leaves them to handlers; absent on others. */
  readonly handlers: ReplyAddress | undefined;
  /** Whether the record is to have the form of Nest's own transport. */
  readonly isForNest: boolean;
}

/** A call on its way to the broker. */
export class OutgoingCall implements Departure {
  constructor(
    private readonly call: PendingCall,
    readonly key: Buffer | null,
    readonly expectsReplies: boolean,
    private readonly request: PreparedRequest,
  ) {}

  get kind(): DepartureKind {
    if (this.request.handlers) return 'handled';
    return this.expectsReplies ? 'request' : 'one-way';
  }

  get isOver(): boolean {
    return this.call.isOver;
  }

  onOver(listener: () => void): void {
    this.call.onOver(listener);
  }

  get requestId(): string {
    return this.request.correlationId;
  }

  /** Its record. Called once, when the call leaves; see {@link PendingCall.leave}. */
  encode(replyTo: ReplyPlace | undefined, giveUp: () => void): WireRecord {
    const { kind, correlationId, endpoint, type, handlers, source, acceptsFrames, headers, payload } =
      this.request;
    const { expectsReplies } = this;
    // An event is a fact: it is neither given up nor too late.
    const isRequest = expectsReplies && kind === 'request';
    if (this.request.isForNest) return this.encodeForNest(expectsReplies ? replyTo : undefined);
    this.call.leave(isRequest ? giveUp : undefined);
    // Written out: to spread the request takes longer than to encode it.
    return encodeRequest({
      kind: handlers ? 'request' : kind,
      correlationId,
      endpoint,
      type,
      replyTo: expectsReplies ? replyTo : handlers,
      source,
      // A one-way call is to be run however late: its timeout is for the broker's acknowledgement alone.
      timeoutMs: isRequest ? this.call.remainingMs : undefined,
      acceptsFrames,
      headers,
      payload,
    });
  }

  /** Nest's own servers know no cancel, and no deadline. */
  private encodeForNest(replyTo: ReplyPlace | undefined): WireRecord {
    const { correlationId, headers, payload } = this.request;
    this.call.leave();
    return encodeNestRequest({ correlationId, replyTo, headers, payload });
  }

  /** The broker has stored it. */
  acknowledge(): void {
    this.call.acknowledge();
  }

  /** The broker has not taken it. */
  refuse(error: unknown): void {
    this.call.refuse(error);
  }

  /** It cannot leave. */
  fail(error: unknown): void {
    this.call.fail(error);
  }
}
