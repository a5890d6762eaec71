import type { ConsumerRecord } from '../broker/record.js';
import { correlationIdOf } from '../protocol/response.js';
import type { PendingCalls } from './pending-calls.js';
import type { MessageIds } from '../protocol/message-ids.js';

/** Takes records of the reply topic to their calls, and counts those that have none. Nothing else of them is read. */
export class ReplyRouter {
  private lateResponses = 0;
  private foreignResponses = 0;

  constructor(
    private readonly ids: MessageIds,
    private readonly calls: PendingCalls,
  ) {}

  /** How many came for a call of this client that was over. */
  get late(): number {
    return this.lateResponses;
  }

  /** How many were not for this client. */
  get foreign(): number {
    return this.foreignResponses;
  }

  route(record: ConsumerRecord): void {
    const id = correlationIdOf(record);
    if (!id || !this.ids.isOwn(id)) {
      this.foreignResponses += 1;
      return;
    }
    const call = this.calls.get(id.toString('latin1'));
    if (call) call.receive(record);
    else this.lateResponses += 1;
  }
}
