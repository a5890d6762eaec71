import { encodeNestRequest } from '../protocol/nest/nest-request.js';
import { encodeRequest, type OutgoingRequest } from '../protocol/request.js';
import type { ReplyAddress } from '../protocol/reply-address.js';
import type { WireRecord } from '../protocol/wire-record.js';
import type { Departure } from './departure-queue.js';
import type { PendingCall } from './pending-call.js';

/** What is known of a request before it leaves. */
export interface PreparedRequest extends Omit<OutgoingRequest, 'replyTo' | 'timeoutMs' | 'endpoint'> {
  /** Absent for a handler of Nest's own transport: the record then has the form of that. */
  readonly endpoint: string | undefined;
}

/** A call on its way to the broker. */
export class OutgoingCall implements Departure {
  constructor(
    private readonly call: PendingCall,
    readonly key: Buffer | null,
    private readonly request: PreparedRequest,
  ) {}

  get kind(): OutgoingRequest['kind'] {
    return this.request.kind;
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
  encode(replyTo: Required<ReplyAddress> | undefined, giveUp: () => void): WireRecord {
    const { kind, correlationId, endpoint, source, acceptsFrames, headers, payload } = this.request;
    const isRequest = kind === 'request';
    if (endpoint === undefined) return this.encodeForNest(isRequest ? replyTo : undefined);
    this.call.leave(isRequest ? giveUp : undefined);
    // Written out: to spread the request takes longer than to encode it.
    return encodeRequest({
      kind,
      correlationId,
      endpoint,
      replyTo: isRequest ? replyTo : undefined,
      source,
      // A one-way call is to be run however late: its timeout is for the broker's acknowledgement alone.
      timeoutMs: isRequest ? this.call.remainingMs : undefined,
      acceptsFrames,
      headers,
      payload,
    });
  }

  /** Nest's own servers know no cancel, and no deadline. */
  private encodeForNest(replyTo: Required<ReplyAddress> | undefined): WireRecord {
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
