import { encodeRequest, type OutgoingRequest } from '../protocol/request.js';
import type { ReplyAddress } from '../protocol/reply-address.js';
import type { WireRecord } from '../protocol/wire-record.js';
import type { Departure } from './departure-queue.js';
import type { PendingCall } from './pending-call.js';

/** What is known of a request before it leaves. */
export type PreparedRequest = Omit<OutgoingRequest, 'replyTo' | 'timeoutMs'>;

/** A call on its way to the broker. */
export class OutgoingCall implements Departure {
  constructor(
    private readonly call: PendingCall,
    readonly key: Buffer | null,
    readonly expectsReplies: boolean,
    private readonly request: PreparedRequest,
  ) {}

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
  encode(replyTo: Required<ReplyAddress> | undefined, giveUp: () => void): WireRecord {
    const { kind, correlationId, endpoint, type, source, acceptsFrames, headers, payload } = this.request;
    const { expectsReplies } = this;
    // An event is a fact: it is neither given up nor too late.
    const isRequest = expectsReplies && kind === 'request';
    this.call.leave(isRequest ? giveUp : undefined);
    // Written out: to spread the request takes longer than to encode it.
    return encodeRequest({
      kind,
      correlationId,
      endpoint,
      type,
      replyTo: expectsReplies ? replyTo : undefined,
      source,
      // A one-way call is to be run however late: its timeout is for the broker's acknowledgement alone.
      timeoutMs: isRequest ? this.call.remainingMs : undefined,
      acceptsFrames,
      headers,
      payload,
    });
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
