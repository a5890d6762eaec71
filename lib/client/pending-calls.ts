import type { ConsumerRecord } from '../broker/record.js';
import { correlationIdOf } from '../protocol/response.js';
import type { PendingCall } from './pending-call.js';

/** The calls that wait for responses, by the id of their request. */
export class PendingCalls {
  private readonly calls = new Map<string, PendingCall>();

  /** How many calls wait. */
  get size(): number {
    return this.calls.size;
  }

  /** Adds a call, and removes it when it is over. */
  add(call: PendingCall): void {
    this.calls.set(call.requestId, call);
    call.onOver = () => this.calls.delete(call.requestId);
  }

  /** Takes a record of the reply topic to its call. Records of other instances' calls are passed over unread. */
  dispatch(record: ConsumerRecord): void {
    const requestId = correlationIdOf(record);
    if (requestId !== undefined) this.calls.get(requestId)?.receive(record);
  }

  /** Ends every call with an error. */
  failAll(error: () => Error): void {
    for (const call of this.calls.values()) call.fail(error());
  }
}
