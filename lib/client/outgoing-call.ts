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

  /** Its record. Called once, when the call leaves. */
  encode(replyTo: Required<ReplyAddress> | undefined): WireRecord {
    this.call.leave();
    const { request } = this;
    if (request.kind === 'request') {
      return encodeRequest({ ...request, replyTo, timeoutMs: this.call.remainingMs });
    }
    // A one-way call is to be run however late: its timeout is for the broker's acknowledgement alone.
    return encodeRequest(request);
  }

  /** The broker has stored it. */
  acknowledge(): void {
    this.call.acknowledge();
  }

  fail(error: unknown): void {
    this.call.fail(error);
  }
}
